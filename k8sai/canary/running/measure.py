"""Counts a window of requests into the gate. What cannot be counted is no evidence either way, and remembered so."""

from dataclasses import replace
from typing import TYPE_CHECKING

from k8sai.ages import stamp
from k8sai.canary.facts import Json, Seen
from k8sai.canary.gate import Gate
from k8sai.canary.pods import pods_of
from k8sai.canary.running.decide import UNSPLIT
from k8sai.canary.running.hands import Hands
from k8sai.canary.split import Split, honoured
from k8sai.canary.state import State
from k8sai.cluster.reading import Reading
from k8sai.errors import Forbidden, K8saiError

if TYPE_CHECKING:
    from k8sai.canary.measuring.sampler import Sample


def counted(hands: Hands, state: State, seen: Seen, start: float, end: float) -> State:
    """The state with the requests between two times (epoch seconds). A window is counted once or not at all."""
    end = float(int(end))  # as the state remembers it, so that the next window begins where this one ends
    until = replace(state, measured=stamp(end))
    try:
        sample = _sample(hands, state, seen, start, end)
    except Forbidden as error:
        return _blind(until, f"{error.message}{f' ({error.hint})' if error.hint else ''}", end)
    except K8saiError as error:
        return _blind(until, error.message, end)
    if sample.windows:  # of some requirements, where others have no numbers: harm is harm all the same
        gate = Gate.of(state.gate, state.settings).after(sample.windows)
        until = replace(until, gate=gate.document())
    if sample.no_data:
        return _blind(until, sample.no_data, end)
    split = honoured(seen.given, sample.canary_all, sample.stable_all)
    return _split(replace(until, blind=""), seen, split, sample.canary_all + sample.stable_all)


def _sample(hands: Hands, state: State, seen: Seen, start: float, end: float) -> "Sample":
    canary = seen.canary or seen.stable
    read, space = Reading(hands.objects), hands.ref.namespace
    names = [found.names if (found := pods_of(side, space, read)) else () for side in (seen.stable, canary)]
    return hands.sampling(state.settings).window(seen.stable, canary, names[0], names[1], start, end)


def _blind(state: State, why: str, end: float) -> State:
    return replace(state, blind=state.blind or stamp(end), cause="no-data", reason=f"no data: {why}")


def _split(state: State, seen: Seen, split: Split, requests: int) -> State:
    if split.honoured:
        return replace(state, unsplit=0, cause="", reason="")
    times = state.unsplit + 1
    if times < UNSPLIT:
        return replace(state, unsplit=times, cause="", reason="")
    got = f"{split.observed:.1f} %" if split.observed is not None else "none"
    said = (
        f"SplitNotHonoured: {seen.configured:g} % is configured, {got} of {requests} requests reached the canary, "
        f"{times} windows in a row: {splitter(seen.target)} does not follow the weights"
    )
    return replace(state, unsplit=times, cause="split", reason=said)


def splitter(target: Json) -> str:
    """Who splits the requests of this object: `gateway inference`, `Istio gateway mesh`, or the object itself."""
    spec = target.get("spec") or {}
    parents = spec.get("parentRefs") or (spec.get("router") or {}).get("gateway", {}).get("refs") or ()
    if names := [str(one.get("name")) for one in parents if isinstance(one, dict)]:
        return f"gateway {', '.join(names)}"
    if gateways := [str(one) for one in spec.get("gateways") or ()]:
        return f"Istio gateway {', '.join(gateways)}"
    return f"what routes {target.get('kind')} {(target.get('metadata') or {}).get('name')}"
