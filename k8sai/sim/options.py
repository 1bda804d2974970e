"""What a write says about itself in its URL: who writes, and whether others' fields may be taken.

Source: apimachinery `pkg/apis/meta/v1/validation`, and apiserver `pkg/endpoints/handlers/create.go` for the name of a
manager that only the User-Agent tells.
"""

from k8sai.ages import stamp
from k8sai.schema.managed import Operation, Owner
from k8sai.sim import status
from k8sai.sim.asking import Ask, options_refused
from k8sai.sim.status import Cause

_LONGEST = 128  # bytes of a manager's name
_VALIDATIONS = ("", "Ignore", "Strict", "Warn")


def author(ask: Ask, now: float, operation: Operation = "Update") -> Owner:
    """Who makes this write. `now` is epoch seconds. ApiFailure 422 for options that make no sense."""
    given = ask.query.get("fieldManager", "")
    causes = [*_of_apply(ask, given, operation), *_of_manager(given), *_of_validation(ask)]
    if causes:
        raise options_refused(ask.verb, causes)
    name = given or _of_agent(ask.request.headers.get("User-Agent", "")) or "unknown"
    return Owner(name, operation, ask.target.resource.api_version, ask.target.subresource, stamp(now))


def _of_apply(ask: Ask, given: str, operation: Operation) -> list[Cause]:
    if operation == "Apply":
        return [] if given else [status.required("fieldManager", "is required for apply patch")]
    if "force" in ask.query and ask.verb == "patch":
        return [status.forbidden_value("force", "may not be specified for non-apply patch")]
    return []


def _of_manager(given: str) -> list[Cause]:
    found: list[Cause] = []
    if len(given.encode()) > _LONGEST:
        text = f"Too long: may not be more than {_LONGEST} bytes"
        found.append(Cause("fieldManager", "FieldValueTooLong", text))
    for at, letter in enumerate(given):
        if not letter.isprintable():
            detail = f"invalid character U+{ord(letter):04X} (at position {at})"
            found.append(status.invalid_value("fieldManager", given, detail))
    return found


def _of_validation(ask: Ask) -> list[Cause]:
    given = ask.query.get("fieldValidation", "")
    return [] if given in _VALIDATIONS else [status.unsupported_value("fieldValidation", given, _VALIDATIONS)]


def _of_agent(agent: str) -> str:
    """What stands before the first slash, as far as it is printable and short."""
    name = "".join(letter for letter in agent.partition("/")[0] if letter.isprintable())
    return name.encode()[:_LONGEST].decode(errors="ignore")
