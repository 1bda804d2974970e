"""The words for a pod's state, and their inks."""

from k8sai.fleet.answers import PodRow
from k8sai.tui.ink import Line


def pod_status(pod: PodRow) -> Line:
    """The phase, or what is about to change it: Terminating, reserved (a ghost: nominated, not bound)."""
    if pod.terminating:
        return (("Terminating", "warn"),)
    if pod.nominated and not pod.node:
        return (("reserved", "warn"),)
    ink = {"Running": "dim", "Pending": "plain", "Failed": "bad"}.get(pod.phase, "dim")
    return ((pod.phase, ink),)
