"""GPU-hours of a gang while it is drained: what would be lost if it went down now, and what the stop has cost."""

from k8sai.ages import epoch
from k8sai.evict.facts import BEFORE_STOP, Phase, at_least
from k8sai.evict.plan import Range
from k8sai.evict.planning.loss import Since, hours, proven, since, spent
from k8sai.evict.state import GangState, State

_STANDS = (Phase.STOPPING, Phase.STOPPED, Phase.REQUEUED, Phase.PARKED)


def at_risk(gang: GangState, state: State, now: float) -> Range:
    """Work since the newest checkpoint that is known of; `now` is epoch seconds. Nothing once it is stopped."""
    if gang.phase not in BEFORE_STOP or state.ended:
        return Range()
    found = _since(gang, epoch(state.begun), now)
    return spent(gang.gpus, now - found.latest, now - found.likely, now - found.earliest, found.open)


def cost(gang: GangState, state: State, now: float) -> Range:
    """Work that the stop has thrown away, and the time its cards have not worked since; until the drain is over."""
    if not gang.stops or not gang.stopped_at:
        return Range()
    stopped = epoch(gang.stopped_at)
    found = _since(gang, stopped, stopped)
    lost = spent(gang.gpus, stopped - found.latest, stopped - found.likely, stopped - found.earliest, found.open)
    until = epoch(gang.since) if gang.since else stopped
    if gang.phase in _STANDS:
        until = epoch(state.ended) if state.ended else now
    stood = hours(gang.gpus, until - stopped)
    return lost + Range(stood, stood, stood)


def total_risk(state: State, now: float) -> Range:
    """Of all gangs."""
    return sum((at_risk(one, state, now) for one in state.gangs), Range())


def total_cost(state: State, now: float) -> Range:
    """Of all gangs."""
    return sum((cost(one, state, now) for one in state.gangs), Range())


def _since(gang: GangState, unknown: float, now: float) -> Since:
    """Where nothing says so, from the moment `unknown` on, and it is open."""
    proof, last = gang.proof, gang.contract.last
    if proof is not None and at_least(proof.grade, gang.accepted) and (proof.snapshot or proof.time):
        return proven(proof, 0.0)
    dated = last is not None and last.complete and (last.snapshot or last.time)
    return since(0.0 if dated or gang.contract.interval is not None else unknown, gang.contract, now)
