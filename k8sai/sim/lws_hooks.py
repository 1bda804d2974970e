"""What the webhook of LeaderWorkerSet makes of a pod: its place in the group, as labels and environment.

Source: lws 0.9 `pkg/webhooks/pod_webhook.go`.
"""

import hashlib

from k8sai.sim.kinds import Resource
from k8sai.sim.objects import Obj

LWS = "leaderworkerset.sigs.k8s.io/"


def fill(resource: Resource, obj: Obj) -> None:
    """Complete a pod of a group in place; the leader is the first pod of a group and gives it its key."""
    labels = obj["metadata"].get("labels") or {}
    if resource.kind != "Pod" or LWS + "name" not in labels:
        return
    name, namespace = obj["metadata"]["name"], obj["metadata"]["namespace"]
    number = name.rpartition("-")[2]
    leader = labels.get(LWS + "worker-index") == "0"
    if leader:
        labels |= {LWS + "group-index": number, LWS + "group-key": group_key(namespace, name)}
    else:
        labels |= {LWS + "worker-index": number}
    notes = obj["metadata"].get("annotations") or {}
    first = name if leader else notes.get(LWS + "leader-name", "")
    env = {
        "LWS_LEADER_ADDRESS": f"{first}.{labels[LWS + 'name']}.{namespace}",
        "LWS_GROUP_SIZE": notes.get(LWS + "size", "1"),
        "LWS_WORKER_INDEX": labels[LWS + "worker-index"],
    }
    for container in obj["spec"].get("containers") or ():
        container["env"] = [{"name": key, "value": value} for key, value in env.items()] + (container.get("env") or [])


def group_key(namespace: str, leader: str) -> str:
    """What all pods of a group have in common."""
    return hashlib.sha1(f"{namespace}/{leader}".encode(), usedforsecurity=False).hexdigest()
