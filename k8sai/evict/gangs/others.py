"""Volcano's Job, which is stopped by evicting its pods, and the AppWrapper, which suspends what it wraps."""

from typing import Final

from k8sai.evict.facts import Switch
from k8sai.evict.gangs.form import Form, Seen, number, suspended_at
from k8sai.evict.gangs.kinds import APPWRAPPER, VOLCANO_JOB


def _volcano_expected(seen: Seen) -> int:
    return sum(number(one.get("replicas"), 1) for one in seen.spec("tasks") or ())


def _volcano_restarts(seen: Seen) -> str:
    policies = seen.spec("policies") or ()
    acts = {str(one.get("action")) for one in policies if one.get("event") in ("PodEvicted", "*")}
    said = f"its policy on PodEvicted: {', '.join(sorted(acts))}" if acts else "it has no policy on PodEvicted"
    return f"evicting one pod: {said}; the gang may stay below minAvailable where another pod takes the place"


VOLCANO: Final = Form(VOLCANO_JOB, lambda _: Switch("evict"), _volcano_expected, _volcano_restarts)
WRAPPER: Final = Form(APPWRAPPER, suspended_at("spec", "suspend"), lambda _: 0, lambda _: "")
