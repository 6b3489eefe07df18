"""The main job with the client of openapi-generator's `python`."""

import json
import uuid

from expect import ANA, BYTES, MEI, PASSWORD, URL, expect, step
from openapi_generator_client import (
    ApiClient,
    ApiException,
    AttachmentsApi,
    Configuration,
    ContactsApi,
    CreateContactBody,
    CreateMessageBody,
    CreatePartnerGrantBody,
    CreateServiceRequestBody,
    CreateSessionBody,
    GranteeBody,
    MessagesApi,
    PartnerGrantsApi,
    PatchContactBody,
    Problem,
    RevokeBody,
    ServiceRequestsApi,
    SessionsApi,
)
from pydantic import ValidationError


def bad(status, code, call, *arguments, **named):
    """The problem that a call answers, of this status and code."""
    try:
        answer = call(*arguments, **named)
    except ApiException as error:
        expect(error.status == status, f"{error.status} {error.body}")
        problem = Problem.from_json(error.body)
        expect(problem.code == code and error.headers["content-type"] == "application/problem+json", error.body)
        expect(problem.request_id == error.headers["x-request-id"], "another request id in the problem than in the header")
        return problem
    raise SystemExit(f"not as expected: {answer}, not {status} {code}")


def sign_in(email):
    tokens = SessionsApi(ApiClient(Configuration(host=URL))).create_session(
        CreateSessionBody(email=email, password=PASSWORD)
    )
    return ApiClient(Configuration(host=URL, access_token=tokens.access_token)), tokens.principal


def contact_body(**changes):
    values = {"first_name": "Zoe", "last_name": "Hill", "phone": "+1.650.555.0100"} | changes
    return CreateContactBody(email=EMAIL, permission="designated_support", **values)


anonymous = SessionsApi(ApiClient(Configuration(host=URL)))
bad(401, "invalid_credentials", anonymous.create_session, CreateSessionBody(email=ANA, password="not this one"))
ana, ana_self = sign_in(ANA)
mei, mei_self = sign_in(MEI)
acme = ana_self.organization_id
contacts, grants, requests = ContactsApi(ana), PartnerGrantsApi(ana), ServiceRequestsApi(mei)
step(f"signed in as {ana_self.name} and {mei_self.name}; another password is refused")

EMAIL = f"sdk-{uuid.uuid4()}@acme.example"
try:
    contact_body(first_name="")
    raise SystemExit("not as expected: an empty name passes")
except ValidationError as error:
    step(f"an empty name is refused before anything is sent: {error.errors()[0]['msg']}")
body = contact_body(first_name="4", phone="650-555")
problem = bad(422, "validation_failed", contacts.create_contact, acme, body)
expect(sorted(error.pointer for error in problem.errors) == ["#/first_name", "#/phone"], problem)
mistakes = "; ".join(f"{error.pointer} {error.message}" for error in problem.errors)
step(f"a contact with mistakes is refused: {mistakes}")

key = str(uuid.uuid4())
contact = contacts.create_contact(acme, contact_body(), idempotency_key=key)
again = contacts.create_contact_with_http_info(acme, contact_body(), idempotency_key=key)
expect(again.data.id == contact.id, "the repeat made another contact")
expect(again.headers.get("idempotent-replayed") == "true", "the repeat does not say so")
other = contact_body(last_name="Hall")
bad(422, "idempotency_key_reused", contacts.create_contact, acme, other, idempotency_key=key)
step(f"created {contact.id}; the repeat with the same key answers the same, with another body it is refused")

grantee = GranteeBody(type="contact", id=mei_self.id)
grant = grants.create_partner_grant(acme, CreatePartnerGrantBody(grantee=grantee, level="create"))
expect(grant.level == "create" and grant.grantee.id == mei_self.id, grant)
step(f"granted {grant.level} to {mei_self.name}")

request = requests.create_service_request(
    CreateServiceRequestBody(
        organization_id=acme,
        subject="Label printer offline",
        category="incident",
        severity=3,
        message="Since noon.",
    )
)
expect(request.submitted_for.id == acme, "not submitted for the customer")
step(f"created {request.number} for {request.organization.name}")

attachment = AttachmentsApi(mei).upload_attachment(
    request.id, content_disposition='attachment; filename="printer.bin"', body=BYTES
)
MessagesApi(mei).create_message(request.id, CreateMessageBody(body="Its memory.", attachment_ids=[attachment.id]))
content = AttachmentsApi(ana).get_attachment_content(attachment.id)
expect(bytes(content) == BYTES, "other bytes came back")
step(f"uploaded {attachment.size} bytes, and downloaded the same")

seen, pages, cursor = set(), 0, None
while pages == 0 or cursor is not None:
    page = ServiceRequestsApi(ana).list_service_requests(
        organization_id=[acme], status=["open", "solved", "closed"], limit=5, cursor=cursor
    )
    ids = {found.id for found in page.data}
    expect(len(ids) == len(page.data) and not ids & seen, "a request twice")
    seen, pages, cursor = seen | ids, pages + 1, page.next_cursor
expect(pages > 1 and request.id in seen, f"{pages} pages")
step(f"paged through {len(seen)} requests on {pages} pages")

renamed = contacts.update_contact(contact.id, PatchContactBody(last_name="Hall"))
expect(renamed.last_name == "Hall" and renamed.phone == "+1.650.555.0100", "an absent member was changed")
cleared = contacts.update_contact(contact.id, PatchContactBody(phone=None))
expect(cleared.last_name == "Hall" and cleared.phone is None, "null did not clear")
step("patched: absent leaves alone, null clears")

body = PatchContactBody(last_name="Hull")
conflict = bad(412, "version_mismatch", contacts.update_contact, contact.id, body, if_match=f'"{contact.version}"')
expect(conflict.current_version == cleared.version, json.dumps(conflict.to_dict()))
contacts.update_contact(contact.id, body, if_match=f'"{conflict.current_version}"')
step(f"an old version is refused with 412, version {conflict.current_version} is not")

grants.revoke_partner_grant(grant.id, RevokeBody(reason="done"))
step("revoked the grant")
