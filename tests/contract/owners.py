"""Reading managedFields in assertions: who owns what, without the times."""

from typing import Any

from tests.contract.api import Answer, Json

Owner = tuple[str, str] | tuple[str, str, str]


def owners(obj: Json) -> dict[Owner, Json]:
    """fieldsV1 by (manager, operation), with the subresource as a third where there is one."""
    found: dict[Owner, Json] = {}
    for entry in obj["metadata"].get("managedFields", ()):
        assert entry["fieldsType"] == "FieldsV1"
        assert entry["apiVersion"]
        key: Owner = (entry["manager"], entry["operation"])
        if "subresource" in entry:
            key = (*key, entry["subresource"])
        assert key not in found
        found[key] = entry["fieldsV1"]
    return found


def times(obj: Json) -> dict[str, str | None]:
    """The time of each manager's entry."""
    return {entry["manager"]: entry.get("time") for entry in obj["metadata"].get("managedFields", ())}


def keys(*names: str) -> Json:
    """`f:` fields without anything below them."""
    return {f"f:{name}": {} for name in names}


def conflicts(answer: Answer) -> list[tuple[str, str]]:
    """(message, field) of each conflict that refused an apply, in any order of managers."""
    body = answer.refused(409, "Conflict")
    causes: list[dict[str, Any]] = body["details"]["causes"]
    assert {cause["reason"] for cause in causes} == {"FieldManagerConflict"}
    number = f"{len(causes)} conflict{'s' if len(causes) > 1 else ''}"
    assert body["message"].startswith(f"Apply failed with {number}: conflict")
    return sorted((cause["message"], cause["field"]) for cause in causes)
