"""Images: names that nobody knows, registries that refuse, pulls that take their time."""

from typing import Final

from k8sai.cluster.reading import Json, said
from k8sai.why.case import Case
from k8sai.why.containers import all_of, waiting
from k8sai.why.verdict import Layer, fine, no_matter, reason

LAYER: Final = "image"
_BAD: Final = (
    "ImagePullBackOff",
    "ErrImagePull",
    "InvalidImageName",
    "ErrImageNeverPull",
    "RegistryUnavailable",
    "ImageInspectError",
    "SignatureValidationFailed",
)


def check(case: Case) -> Layer:
    if not case.on_node:
        return no_matter(LAYER)
    for one in all_of(case):
        word, message = waiting(one)
        if word in _BAD:
            return _failed(case, one, word, message)
    if not any(waiting(one)[0] for one in all_of(case)):
        return fine(LAYER)
    pulling = said(case.events, "Pulling", "Pulled")
    if pulling.startswith("Pulling image"):
        image = pulling.partition('"')[2].rstrip('"')
        since = case.ago(_newest(case.events, "Pulling"))
        message = f"{case.node} is pulling the image {image}" + (f" for {since}" if since else "")
        return reason(LAYER, "ImagePulling", message, next=case.kubectl("describe", f"pod/{case.name}"))
    return fine(LAYER)


def _failed(case: Case, one: Json, word: str, message: str) -> Layer:
    image = next(
        (
            c["image"]
            for c in (*case.spec.get("containers", ()), *case.spec.get("initContainers", ()))
            if c["name"] == one["name"]
        ),
        one.get("image", ""),
    )
    told = message or said(case.events, "Failed", "InspectFailed")
    what = {
        "InvalidImageName": f"{image!r} is no name of an image",
        "ErrImageNeverPull": f"the image {image} is not on {case.node}, and its pull policy is Never",
    }.get(word, f"{case.node} cannot pull the image {image}{_cause(told)}")
    describe = case.kubectl("describe", f"pod/{case.name}")
    return reason(LAYER, "ImageFailed", what, f"container {one['name']}: {word}", told, next=describe)


def _cause(told: str) -> str:
    """The words of a registry that help."""
    low = told.lower()
    for words, cause in (
        (("not found", "manifest unknown"), "there is none of that name"),
        (("unauthorized", "authentication required", "denied", "forbidden"), "the registry does not let it in"),
        (("toomanyrequests", "rate limit"), "the registry asks to come back later"),
        (("no such host", "timeout", "connection refused", "i/o timeout"), "the registry cannot be reached"),
        (("no space left",), "its disk is full"),
        (("no match for platform", "exec format"), "it is not made for this kind of machine"),
    ):
        if any(word in low for word in words):
            return f": {cause}"
    return ""


def _newest(events: list[Json], name: str) -> str | None:
    return next((e.get("lastTimestamp") or e.get("eventTime") for e in events if e.get("reason") == name), None)
