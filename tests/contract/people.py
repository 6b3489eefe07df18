"""Fills a fresh server for the fuzzing: one of everything, and a token for each role.

Takes the server's address, its folder of emails and the contract; writes the contract again with the ids of what it made
in place of those in the examples, and prints the tokens as lines `role=token`.
"""

import re
import sys
import time
from email import message_from_bytes, policy
from pathlib import Path

import requests

ADMINISTRATOR = ("admin@vendor.example", "correct horse battery")
PASSWORD = "a long enough password"
URL, MAIL, CONTRACT, TARGET = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), Path(sys.argv[4])


def call(token, method, path, json=None, **more):
    headers = more.pop("headers", {}) | ({"Authorization": f"Bearer {token}"} if token else {})
    answer = requests.request(method, URL + path, json=json, headers=headers, timeout=30, **more)
    if not answer.ok:
        raise SystemExit(f"{method} {path} answers {answer.status_code}: {answer.text}")
    return answer.json() if answer.content else None


def sign_in(email, password=PASSWORD):
    return call(None, "POST", "/v1/sessions", {"email": email, "password": password})["access_token"]


def welcome(email):
    """Sets the password with the link of the welcome email, which leaves a moment after its cause."""
    for _ in range(100):
        for letter in MAIL.glob("*.eml"):
            letter = message_from_bytes(letter.read_bytes(), policy=policy.default)
            link = re.search(r"token=([A-Za-z0-9_-]+)", letter.get_body(("plain",)).get_content())
            if email in letter["To"] and link:
                call(None, "POST", "/v1/welcome/confirm", {"token": link[1], "password": PASSWORD})
                return sign_in(email)
        time.sleep(0.1)
    raise SystemExit(f"no welcome email for {email}")


def organization(admin, kind, name, domain, first_name):
    person = {"email": f"{first_name.lower()}@{domain}", "first_name": first_name, "last_name": "Brooks"}
    body = {"kind": kind, "name": name, "domains": [domain], "first_contact": person | {"phone": "+1.650.555.0100"}}
    made = call(admin, "POST", "/v1/organizations", body)
    token = welcome(person["email"])
    return made.get("organization", made)["id"], token


admin = sign_in(*ADMINISTRATOR)
vendor = call(admin, "GET", "/v1/me")["organization_id"]
roles = ["administrator", "agent", "duty_manager", "consultant"]
person = {"email": "rosa@vendor.example", "first_name": "Rosa", "last_name": "Keller", "roles": roles}
staff = call(admin, "POST", f"/v1/organizations/{vendor}/staff", person)
rosa = welcome("rosa@vendor.example")

acme, ana = organization(admin, "customer", "Acme", "acme.example", "Ana")
globex, mei = organization(admin, "partner", "Globex", "globex.example", "Mei")
mei_id = call(mei, "GET", "/v1/me")["id"]

site = call(ana, "POST", f"/v1/organizations/{acme}/sites", {"name": "Lisbon", "time_zone": "Europe/Lisbon"})
person = {"email": "ben@acme.example", "first_name": "Ben", "last_name": "Carter", "permission": "designated_support"}
contact = call(ana, "POST", f"/v1/organizations/{acme}/contacts", person)
body = {"grantor": {"id": acme}, "grantee": {"type": "contact", "id": mei_id}, "level": "full_admin", "message": "Please."}
asked = call(mei, "POST", f"/v1/organizations/{globex}/partner-grant-requests", body)
grant = {"grantee": {"type": "contact", "id": mei_id}, "level": "service_admin", "history": "all"}
grant = call(ana, "POST", f"/v1/organizations/{acme}/partner-grants", grant)
request = {"subject": "Label printer offline", "category": "incident", "severity": 3, "message": "Since noon."}
request = call(ana, "POST", "/v1/service-requests", request | {"organization_id": acme})
headers = {"Content-Type": "text/plain", "Content-Disposition": 'attachment; filename="log.txt"'}
attachment = call(ana, "POST", f"/v1/service-requests/{request['id']}/attachments", data=b"offline\n", headers=headers)
message = {"body": "The log.", "attachment_ids": [attachment["id"]]}
message = call(ana, "POST", f"/v1/service-requests/{request['id']}/messages", message)
review = call(ana, "POST", f"/v1/organizations/{acme}/contact-reviews")
article = {"title": "Label printer offline", "body": "Switch it off and on."}
article = call(rosa, "POST", "/v1/articles", article)
nominee = {"email": "bia@acme.example", "first_name": "Bia", "last_name": "Prado", "phone": "+1.650.555.0101"}
nominee |= {"time_zone": "Europe/Lisbon", "mailing_address": {"lines": ["Rua do Porto 12"], "city": "Lisbon", "country": "PT"}}
gone = {"contact_id": call(ana, "GET", "/v1/me")["id"], "reason": "unreachable", "note": "three calls in a week"}
escalation = {"channel": "service_request", "nominee": nominee, "unavailable": [gone]}
escalation = call(welcome("ben@acme.example"), "POST", f"/v1/organizations/{acme}/escalations", escalation)

made = [acme, contact["id"], staff["id"], site["id"], asked["id"], grant["id"], request["id"], attachment["id"]]
made += [message["id"], review["id"], article["id"], escalation["id"]]
text = CONTRACT.read_text()
for name in made:
    text = re.sub(name.split("_")[0] + r"_01h455vb4pex5vsknk084sn02q\b", name, text)
TARGET.write_text(text)

print(f"manager={ana}", f"partner={mei}", f"staff={rosa}", "nobody=", sep="\n")
