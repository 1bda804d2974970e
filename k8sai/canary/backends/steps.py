"""What the next steps of all backends are made of: the object that is written to, and whether it is taken over."""

from k8sai.canary.backend import Wait
from k8sai.canary.facts import Json, Ref, Seen


def ref_of(obj: Json, kind: str, word: str) -> Ref:
    """Of an object as it was read, or as it is to be made: then without a uid."""
    meta = obj["metadata"]
    return Ref(kind, str(meta.get("namespace") or ""), meta["name"], str(meta.get("uid") or ""), word)


def taken_over(seen: Seen) -> Wait | None:
    """None once what is written is also what the controllers report."""
    return None if seen.applied else Wait(seen.waiting)


def look(ref: Ref) -> str:
    """The next command where somebody else has written."""
    return f"`k8sai canary status {ref.title} -n {ref.namespace}`"
