"""The scheduler's message as the answer, where the nodes themselves may not be read."""

import re
from typing import Final

from k8sai.why.case import Case
from k8sai.why.verdict import Layer, reason, unseen

_HEAD: Final = re.compile(r"^0/(\d+) nodes are available: ")
_CODES: Final = (
    (r"Insufficient (\S*/\S*?)[.,]", "GpusShort", "it is short of {0} on every node it could use"),
    (r"cannot allocate all claims", "DevicesTaken", "the devices it claims cannot be allocated"),
    (r"Insufficient (\S+?)[.,]", "ResourceShort", "it is short of {0} on every node it could use"),
    (r"Too many pods", "PodsPerNode", "the nodes run as many pods as they may"),
    (r"free ports", "HostPortTaken", "its host port is taken"),
    (r"anti-affinity", "AntiAffinity", "pods that it must not run beside are on the nodes it could use"),
    (r"topology spread", "SpreadUnmet", "its spread constraints forbid the nodes it could use"),
    (r"were unschedulable", "Cordoned", "nodes that it could use are cordoned"),
    (r"untolerated taint", "Taint", "nodes have taints that it does not tolerate"),
    (r"node affinity/selector", "NodeSelector", "no node is as its selector wants it"),
    (r"pod affinity", "Affinity", "it wants to run beside pods that run nowhere it could go"),
    (r"olume", "VolumeElsewhere", "its volumes keep it from the nodes"),
)  # fmt: skip


def from_message(layer: str, case: Case, why: str) -> Layer:
    """What the scheduler said, in our words and with our code."""
    said = " ".join((case.scheduled.get("message") or "").split())
    if not _HEAD.match(said):
        return unseen(layer, why, said)
    for pattern, code, words in _CODES:
        found = re.search(pattern, said)
        if found is not None:
            message = f"{words.format(*found.groups())}, says the scheduler"
            return reason(layer, code, message, said, why, partial=True)
    return reason(layer, "NoNodeFits", "no node takes it, says the scheduler", said, why, partial=True)
