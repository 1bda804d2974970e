"""Who set a field, and when: what `metadata.managedFields` says of it."""

from typing import Any, NamedTuple

from k8sai.ages import human
from k8sai.cluster.reading import Json
from k8sai.queues.values import moment


class Writer(NamedTuple):
    """`manager` is the program, as it calls itself; `at` in seconds since 1970, 0 where it is not known."""

    manager: str
    at: float

    def said(self, now: float) -> str:
        """` by kubectl-edit 5m ago`, to go on after a verb; empty where nobody is named."""
        if not self.manager:
            return ""
        ago = f" {human(max(0.0, now - self.at))} ago" if self.at else ""
        return f" by {self.manager}{ago}"


NOBODY = Writer("", 0.0)


def writer_of(obj: Json, *path: str) -> Writer:
    """Who last wrote the field (`writer_of(job, "spec", "suspend")`); NOBODY where the object does not say."""
    entries = [one for one in obj.get("metadata", {}).get("managedFields") or () if _has(one.get("fieldsV1"), path)]
    last = max(entries, key=lambda one: str(one.get("time") or ""), default=None)
    return Writer(str(last.get("manager") or ""), moment(last.get("time"))) if last else NOBODY


def _has(fields: Any, path: tuple[str, ...]) -> bool:
    for name in path:
        if not isinstance(fields, dict) or f"f:{name}" not in fields:
            return False
        fields = fields[f"f:{name}"]
    return True
