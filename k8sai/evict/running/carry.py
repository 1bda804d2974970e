"""Carries out what is pending, at most one write of one thing; whatever breaks off is found again by looking.

Every write has its guards in itself. What a write answers decides nothing here: `Wrote` was taken, `Again` is looked at
anew, `Refusal` is the server's no to this one, `Blocked` a disruption budget's.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from k8sai.cluster.api_errors import ApiConflict, ApiForbidden
from k8sai.cluster.discovery import served
from k8sai.cluster.patching import Stale, patch
from k8sai.cluster.writing import Invalid, Target
from k8sai.errors import Forbidden, K8saiError, NotFound, Refused
from k8sai.evict.facts import Json, Ref
from k8sai.evict.keeping.names import MARK
from k8sai.evict.planning.verdicts import Verdict, eviction, heard, tried
from k8sai.evict.running import marking, tainting
from k8sai.evict.state import Device, NodeState, PodState, State
from k8sai.evict.switches.step import Write

if TYPE_CHECKING:
    from k8sai.evict.running.hands import Hands

PODS: Final = "pods"


@dataclass(frozen=True, slots=True)
class Wrote:
    """The server took it, or what is wanted stands already."""


@dataclass(frozen=True, slots=True)
class Again:
    """A guard did not hold: look again."""

    why: K8saiError


@dataclass(frozen=True, slots=True)
class Refusal:
    """The server does not take it, and would not take it again."""

    why: K8saiError


@dataclass(frozen=True, slots=True)
class Blocked:
    """By a budget, or by the server being busy with evictions."""

    verdict: Verdict


Pushed = Wrote | Again | Refusal | Blocked


def node(hands: "Hands", state: State, of: NodeState) -> Pushed:
    """The intent of a node. Raises Locked where another drain's mark is on it, Unavailable."""
    if of.device is not None:
        return _device(hands, state, of, of.device)
    live = hands.writer.live(marking.target(of.name))
    if live is None or live["metadata"].get("uid") != of.uid or of.pending is None:
        return Wrote()
    try:
        match of.pending.word:
            case "cordon":
                free = _free_mark(hands, state, marking.notes(live).get(MARK, ""))
                _patched(hands, live, marking.cordon(live, state.id, free))
                _condition(hands, state, live, "draining")
            case "mark":
                _condition(hands, state, live, "drained")
            case "uncordon":
                _condition(hands, state, live, "")
                _patched(hands, live, marking.uncordon(live, state.id))
    except (Stale, ApiConflict, NotFound) as error:
        return Again(error)
    return Wrote()


def _device(hands: "Hands", state: State, of: NodeState, device: Device) -> Pushed:
    """The intent of a GPU: its rule is there, or gone."""
    word = of.pending.word if of.pending else ""
    try:
        if word == "taint":
            tainting.close(hands, state.id, device)
        elif word == "untaint":
            tainting.open_again(hands, state.id, of.uid)
    except (Stale, ApiConflict) as error:
        return Again(error)
    return Wrote()


def _patched(hands: "Hands", live: Json, operations: list[Json]) -> None:
    if any(one["op"] != "test" for one in operations):
        hands.locks.insist()
        marking.write(hands.writer, live, operations)


def _condition(hands: "Hands", state: State, live: Json, say: marking.Marked) -> None:
    """For others to see: who may not write it drains all the same."""
    found = marking.marked(live, state.id)
    if (say and not state.settings.conditions) or found == say:
        return
    hands.locks.insist()
    try:
        marking.condition(hands.writer, live, state.id, say, hands.now())
    except Forbidden as error:
        hands.tell("note", f"node/{live['metadata']['name']}", f"its conditions are not set: {error.message}")


def _free_mark(hands: "Hands", state: State, mark: str) -> str:
    """The mark, where its drain is over or forgotten."""
    from k8sai.evict.keeping.kept import Kept
    from k8sai.evict.state import OVER

    if mark in ("", state.id):
        return ""
    held = Kept(hands.writer, state.namespace, mark).read()
    return mark if held is None or held.state.stage in OVER else ""


def step(hands: "Hands", write: Write) -> Pushed:
    """One write of a switch. Raises Unavailable where nobody knows what became of it."""
    if write.eviction:
        uid = str(((write.eviction.get("deleteOptions") or {}).get("preconditions") or {}).get("uid") or "")
        return evict(hands, write.on.namespace, write.on.name, uid or write.on.uid, write.eviction)
    target = place(hands, write.on)
    if target is None:
        return Refusal(NotFound(f"{hands.writer.server} does not serve {write.on.kind}"))
    hands.locks.insist()
    try:
        if write.delete:
            hands.writer.send("DELETE", target.path, {}, write.delete)
        else:
            patch(hands.writer, target, write.patch)
    except (Stale, ApiConflict) as error:
        return Again(error)
    except NotFound as error:
        return Again(error)
    except (Invalid, Forbidden, Refused) as error:
        return Refusal(error)
    return Wrote()


def place(hands: "Hands", on: Ref) -> Target | None:
    """Where an object is, in the version the server prefers."""
    plural, _, group = on.kind.partition(".")
    resource = served(hands.connection).find(group, plural)
    return Target(resource, on.namespace, on.name) if resource else None


def pod(hands: "Hands", state: State, of: PodState) -> Pushed:
    """Evict a loose pod."""
    one = of.pod
    body = eviction(one.namespace, one.name, one.uid, grace=state.settings.grace)
    return evict(hands, one.namespace, one.name, one.uid, body)


def evict(hands: "Hands", namespace: str, name: str, uid: str, body: Json) -> Pushed:
    """Asked with dryRun first: a uid that does not fit any more would spend a unit of the budget all the same."""
    verdict = tried(hands.connection, namespace, name, uid)
    if verdict.word in ("gone", "moved"):
        return Wrote()
    if verdict.word == "denied":
        return Refusal(Forbidden(verdict.why))
    if not verdict.passes:
        return Blocked(verdict)
    hands.locks.insist()
    path = f"/api/v1/namespaces/{namespace}/pods/{name}/eviction"
    try:
        _sent(hands, path, body)
    except (ApiForbidden, NotFound, Refused) as error:
        return _said(heard(error), error)
    except K8saiError as error:
        said = heard(error)
        if said.word == "failed":
            raise
        return _said(said, error)
    return Wrote()


def _sent(hands: "Hands", path: str, body: Json) -> None:
    """Never repeated by itself: a 429 of a budget that names its Retry-After is no reason to stand still."""
    import json

    from k8sai.cluster.api_errors import status_error

    answer = hands.connection.request("POST", path, body=json.dumps(body).encode())
    said = json.loads(answer.body) if b'"Failure"' in answer.body else {}
    if said.get("status") == "Failure":  # a gateway may say 201 to what was refused
        raise status_error(said, hands.connection.asked("POST", path))


def _said(verdict: Verdict, error: K8saiError) -> Pushed:
    if verdict.word in ("gone", "moved"):
        return Wrote()
    return Refusal(error) if verdict.word == "denied" else Blocked(verdict)
