"""Scheduling gates: somebody asked the scheduler not to look at the pod yet."""

from typing import Final

from k8sai.why.case import Case, listed
from k8sai.why.queueing import GATES as KUEUE
from k8sai.why.queueing import workload_of
from k8sai.why.verdict import Layer, fine, no_matter, reason

LAYER: Final = "gate"
# Who takes a gate away, by how its name begins.
_REMOVERS: Final = (
    ("kueue.x-k8s.io/topology", "Kueue takes it away when it has chosen a topology domain"),
    ("kueue.x-k8s.io/", "Kueue takes it away when it admits the pod"),
    ("appwrapper", "the AppWrapper controller takes it away"),
    ("karmada.io/", "Karmada takes it away"),
    ("scheduling.kubernetes.io/", "the scheduling controller takes it away"),
)


def check(case: Case) -> Layer:
    if not case.unbound:
        return no_matter(LAYER)
    gates = [gate["name"] for gate in case.spec.get("schedulingGates") or ()]
    if not gates:
        return fine(LAYER)
    since = case.ago(case.meta.get("creationTimestamp"))
    what = "the scheduling gate" if len(gates) == 1 else "the scheduling gates"
    message = f"{what} {listed(gates)} {'keeps' if len(gates) == 1 else 'keep'} the scheduler from looking at it"
    who = next((f"{text}" for gate in gates for start, text in _REMOVERS if gate.startswith(start)), "")
    if who and not all(gate.startswith(KUEUE) for gate in gates):
        who = ""
    message += f"; {who}" if who else "; whoever set it must take it away"
    workload = workload_of(case) if all(gate.startswith(KUEUE) for gate in gates) else None
    follow = case.kubectl("describe", f"workload/{workload['metadata']['name']}") if workload else ""
    return reason(
        LAYER,
        "SchedulingGated",
        message,
        f"spec.schedulingGates: {', '.join(gates)}" + (f", for {since}" if since else ""),
        next=follow or case.kubectl("get", f"pod/{case.name}", "-o", "yaml"),
    )
