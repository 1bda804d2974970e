"""What names, label keys and label values may look like, and how the API server says so.

Source: apimachinery `pkg/util/validation/validation.go`.
"""

import re
from collections.abc import Iterator

LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
QUALIFIED = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")

_ENDS = "must start and end with an alphanumeric character"


def _rule(what: str, example: str, pattern: str) -> str:
    return f"{what}, and {_ENDS} (e.g. {example}, regex used for validation is '{pattern}')"


LABEL_RULE = _rule(
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-'",
    "'my-name',  or '123-abc'",
    "[a-z0-9]([-a-z0-9]*[a-z0-9])?",
)
SUBDOMAIN_RULE = _rule(
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.'",
    "'example.com'",
    r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*",
)
VALUE_RULE = _rule(
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.'",
    "'MyValue',  or 'my_value',  or '12345'",
    "(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?",
)
KEY_RULE = _rule(
    "name part must consist of alphanumeric characters, '-', '_' or '.'",
    "'MyName',  or 'my.name',  or '123-abc'",
    "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]",
)
_WHOLE_KEY_RULE = KEY_RULE.replace("name part must", "a valid label key must") + (
    " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
)


def key_problems(key: str) -> Iterator[str]:
    """What is wrong with the key of a label."""
    prefix, slash, name = key.rpartition("/")
    if "/" in prefix:
        yield _WHOLE_KEY_RULE
        return
    if slash and not prefix:
        yield "prefix part must be non-empty"
    elif slash and not SUBDOMAIN.fullmatch(prefix):
        yield f"prefix part {SUBDOMAIN_RULE}"
    if not name:
        yield "name part must be non-empty"
    elif len(name) > 63:
        yield "name part must be no more than 63 bytes"
    if not QUALIFIED.fullmatch(name):
        yield KEY_RULE


def value_problems(value: str) -> Iterator[str]:
    """What is wrong with the value of a label."""
    if len(value) > 63:
        yield "must be no more than 63 bytes"
    if value and not QUALIFIED.fullmatch(value):
        yield VALUE_RULE
