"""A LeaderWorkerSet: each group is a gang. It has no suspend: a group alone is scaled to 0, one of several is made
anew by evicting its leader, which takes the workers along under every restart policy.

Source: leaderworkerset.x-k8s.io/v1, measured on LWS 0.9.
"""

from typing import Final

from k8sai.evict.facts import Json, Switch
from k8sai.evict.gangs.form import Form, Seen, number, ref_of
from k8sai.evict.gangs.kinds import DISAGGREGATED, LWS, POD, group_kind
from k8sai.evict.gangs.pods import labels

NAME: Final = "leaderworkerset.sigs.k8s.io/name"
GROUP: Final = "leaderworkerset.sigs.k8s.io/group-index"
WORKER: Final = "leaderworkerset.sigs.k8s.io/worker-index"


def leader(pods: tuple[Json, ...]) -> Json | None:
    """Worker 0 of a group."""
    return next((one for one in pods if labels(one).get(WORKER) == "0"), None)


def _part(pod: Json, _: tuple[Json, ...]) -> str:
    return labels(pod).get(GROUP, "")


def _alone(seen: Seen) -> bool:
    """It has one group, and nothing above that says how many."""
    return group_kind(seen.top) == (LWS.group, LWS.name) and number(seen.spec("replicas"), 1) == 1


def _switch(seen: Seen) -> Switch:
    if _alone(seen):
        return Switch("scale", ref_of(seen.top), ("spec", "replicas"))
    first = leader(seen.pods)
    if first is None:
        return Switch("none", why=f"group {seen.part} has no leader pod, whose eviction would make the group anew")
    return Switch("leader", POD.ref(first))


def _expected(seen: Seen) -> int:
    owner = seen.of(LWS)
    template = ((owner or {}).get("spec") or {}).get("leaderWorkerTemplate") or {}
    return number(template.get("size"), 1) if owner else 0


def _restarts(seen: Seen) -> str:
    owner = seen.of(LWS) or {}
    policy = ((owner.get("spec") or {}).get("leaderWorkerTemplate") or {}).get("restartPolicy")
    if policy == "None":
        return "evicting a worker replaces it alone; evicting the leader makes the whole group anew"
    return "evicting one pod makes its whole group anew; other groups go on"


FORM: Final = Form(LWS, _switch, _expected, _restarts, _part)
SETS: Final = Form(DISAGGREGATED, _switch, _expected, _restarts, lambda pod, _: _set_part(pod))


def _set_part(pod: Json) -> str:
    return f"{labels(pod).get(NAME, '')}-{labels(pod).get(GROUP, '')}"
