"""What schemathesis cannot know of this contract by itself."""

import re

import schemathesis

# The pattern of `If-Match` and `If-None-Match` in the contract.
TAGS = re.compile(r'(\*|(W/)?"[!#-~]*"(, ?(W/)?"[!#-~]*")*)')


@schemathesis.serializer("application/x-ndjson", "text/csv")
def as_text(ctx, value):
    """Sends JSON lines and tables as they are."""
    return value if isinstance(value, bytes) else str(value).encode()


@schemathesis.hook
def before_call(ctx, case, kwargs):
    """Takes out what is wrong in a case that is meant to be right: numbers in headers count as strings, whatever the pattern."""
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    for name in ("If-Match", "If-None-Match"):
        value = (case.headers or {}).get(name)
        if value is not None and not TAGS.fullmatch(str(value).strip()):
            del case.headers[name]


@schemathesis.check
def documented_code(ctx, response, case):
    """A problem has one of the codes that the operation names for its status."""
    documented = case.operation.definition.raw["responses"].get(str(response.status_code), {})
    if "x-codes" in documented and response.json()["code"] not in documented["x-codes"]:
        raise AssertionError(f"{response.json()['code']} is not among the x-codes of this answer")
