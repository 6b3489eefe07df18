"""The main job with the client of openapi-python-client."""

import uuid
from io import BytesIO

from expect import ANA, BYTES, MEI, PASSWORD, URL, expect, step
from generated.python_client import AuthenticatedClient, Client
from generated.python_client.api.attachments import get_attachment_content, upload_attachment
from generated.python_client.api.contacts import create_contact, update_contact
from generated.python_client.api.messages import create_message
from generated.python_client.api.partner_grants import create_partner_grant, revoke_partner_grant
from generated.python_client.api.service_requests import create_service_request, list_service_requests
from generated.python_client.api.sessions import create_session
from generated.python_client.models import (
    CreateContactBody,
    CreateContactBodyPermission,
    CreateMessageBody,
    CreatePartnerGrantBody,
    CreatePartnerGrantBodyLevel,
    CreateServiceRequestBody,
    CreateServiceRequestBodyCategory,
    CreateSessionBody,
    GranteeBody,
    GranteeBodyType,
    ListServiceRequestsStatusItem,
    PatchContactBody,
    Problem,
    RevokeBody,
)
from generated.python_client.types import UNSET, File


def good(answer, status):
    """The answer's data; an error is a failure."""
    expect(answer.status_code == status, f"{answer.status_code} {answer.content}, not {status}")
    expect(answer.parsed is not None and not isinstance(answer.parsed, Problem), f"no data in {answer.content}")
    return answer.parsed


def bad(answer, status, code):
    """The answer's problem, of this status and code."""
    problem = answer.parsed
    expect(answer.status_code == status and isinstance(problem, Problem), f"{answer.status_code} {answer.content}")
    expect(problem.code == code and answer.headers["content-type"] == "application/problem+json", f"{problem}")
    expect(problem.request_id == answer.headers["x-request-id"], "another request id in the problem than in the header")
    return problem


def sign_in(email):
    body = CreateSessionBody(email=email, password=PASSWORD)
    tokens = good(create_session.sync_detailed(client=Client(URL), body=body), 201)
    return AuthenticatedClient(URL, token=tokens.access_token, raise_on_unexpected_status=True), tokens.principal


def contact_body(**changes):
    values = {"first_name": "Zoe", "last_name": "Hill", "phone": "+1.650.555.0100"} | changes
    return CreateContactBody(email=EMAIL, permission=CreateContactBodyPermission.DESIGNATED_SUPPORT, **values)


refused = CreateSessionBody(email=ANA, password="not this one")
bad(create_session.sync_detailed(client=Client(URL), body=refused), 401, "invalid_credentials")
ana, ana_self = sign_in(ANA)
mei, mei_self = sign_in(MEI)
acme = ana_self.organization_id
step(f"signed in as {ana_self.name} and {mei_self.name}; another password is refused")

EMAIL = f"sdk-{uuid.uuid4()}@acme.example"
body = contact_body(first_name="4", phone="650-555")
problem = bad(create_contact.sync_detailed(acme, client=ana, body=body), 422, "validation_failed")
expect(sorted(error.pointer for error in problem.errors) == ["#/first_name", "#/phone"], problem)
mistakes = "; ".join(f"{error.pointer} {error.message}" for error in problem.errors)
step(f"a contact with mistakes is refused: {mistakes}")

key = str(uuid.uuid4())
contact = good(create_contact.sync_detailed(acme, client=ana, body=contact_body(), idempotency_key=key), 201)
again = create_contact.sync_detailed(acme, client=ana, body=contact_body(), idempotency_key=key)
expect(good(again, 201).id == contact.id, "the repeat made another contact")
expect(again.headers.get("idempotent-replayed") == "true", "the repeat does not say so")
other = create_contact.sync_detailed(acme, client=ana, body=contact_body(last_name="Hall"), idempotency_key=key)
bad(other, 422, "idempotency_key_reused")
step(f"created {contact.id}; the repeat with the same key answers the same, with another body it is refused")

grantee = GranteeBody(type_=GranteeBodyType.CONTACT, id=mei_self.id)
body = CreatePartnerGrantBody(grantee=grantee, level=CreatePartnerGrantBodyLevel.CREATE)
grant = good(create_partner_grant.sync_detailed(acme, client=ana, body=body), 201)
expect(grant.level == "create" and grant.grantee.id == mei_self.id, grant)
step(f"granted {grant.level} to {mei_self.name}")

body = CreateServiceRequestBody(
    organization_id=acme,
    subject="Label printer offline",
    category=CreateServiceRequestBodyCategory.INCIDENT,
    severity=3,
    message="Since noon.",
)
request = good(create_service_request.sync_detailed(client=mei, body=body), 201)
expect(request.submitted_for.id == acme, "not submitted for the customer")
step(f"created {request.number} for {request.organization.name}")

uploaded = upload_attachment.sync_detailed(
    request.id, client=mei, body=File(BytesIO(BYTES)), content_disposition='attachment; filename="printer.bin"'
)
attachment = good(uploaded, 201)
body = CreateMessageBody(body="Its memory.", attachment_ids=[attachment.id])
good(create_message.sync_detailed(request.id, client=mei, body=body), 201)
content = good(get_attachment_content.sync_detailed(attachment.id, client=ana), 200)
expect(content.payload.read() == BYTES, "other bytes came back")
step(f"uploaded {attachment.size} bytes, and downloaded the same")

statuses = [ListServiceRequestsStatusItem(status) for status in ("open", "solved", "closed")]
seen, pages, cursor = set(), 0, UNSET
while cursor is not None:
    page = good(
        list_service_requests.sync_detailed(
            client=ana, organization_id=[acme], status=statuses, limit=5, cursor=cursor
        ),
        200,
    )
    ids = {found.id for found in page.data}
    expect(len(ids) == len(page.data) and not ids & seen, "a request twice")
    seen, pages, cursor = seen | ids, pages + 1, page.next_cursor
expect(pages > 1 and request.id in seen, f"{pages} pages")
step(f"paged through {len(seen)} requests on {pages} pages")

renamed = good(update_contact.sync_detailed(contact.id, client=ana, body=PatchContactBody(last_name="Hall")), 200)
expect(renamed.last_name == "Hall" and renamed.phone == "+1.650.555.0100", "an absent member was changed")
cleared = good(update_contact.sync_detailed(contact.id, client=ana, body=PatchContactBody(phone=None)), 200)
expect(cleared.last_name == "Hall" and cleared.phone is None, "null did not clear")
step("patched: absent leaves alone, null clears")

body = PatchContactBody(last_name="Hull")
stale = update_contact.sync_detailed(contact.id, client=ana, body=body, if_match=f'"{contact.version}"')
conflict = bad(stale, 412, "version_mismatch")
expect(conflict.current_version == cleared.version, conflict)
fresh = f'"{conflict.current_version}"'
good(update_contact.sync_detailed(contact.id, client=ana, body=body, if_match=fresh), 200)
step(f"an old version is refused with 412, version {conflict.current_version} is not")

good(revoke_partner_grant.sync_detailed(grant.id, client=ana, body=RevokeBody(reason="done")), 200)
step("revoked the grant")
