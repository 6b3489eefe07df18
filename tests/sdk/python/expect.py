"""What both scripts need: the sample data's people, a line for each step, and a failure that says what was wrong."""

import os

URL = os.environ.get("MANDATE_URL", "http://127.0.0.1:8080")
PASSWORD = os.environ.get("MANDATE_PASSWORD", "correct horse battery")
# Acme's primary support contact.
ANA = "ana.brooks@acme.example"
# Of Globex, a partner of Acme's.
MEI = "mei.wong@globex.example"
# Every byte there is, twice.
BYTES = bytes(range(256)) * 2


def step(words):
    print(f"  {words}", flush=True)


def expect(holds, words):
    if not holds:
        raise SystemExit(f"not as expected: {words}")
