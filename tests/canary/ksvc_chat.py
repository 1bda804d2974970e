"""`ksvc/chat` on the embedded cluster, and what a test asks of it."""

from k8sai.canary.backends.knative.backend import Knative
from k8sai.canary.facts import Json
from tests.canary.knatives import KSVC, TO_IMAGE, Rolled, by_revision, pods_by_revision
from tests.canary.knatives import there as there
from tests.canary.world import World

CHAT, TO_V2 = KSVC, TO_IMAGE
V1, V2, V3 = (f"chat-0000{number}" for number in (1, 2, 3))
backend = Knative()
pods = pods_by_revision
_rolled = Rolled(backend, CHAT, TO_V2)
begun, at, next_of = _rolled.begun, _rolled.at, _rolled.next_of


def routed(world: World) -> dict[str, int]:
    """Percent by revision, with those that get nothing."""
    return by_revision(world.target(CHAT)["status"]["traffic"])


def spec(world: World) -> Json:
    found: Json = world.target(CHAT)["spec"]
    return found


STABLE: Json = {"revisionName": V1, "latestRevision": False, "tag": "stable"}
CANARY: Json = {"latestRevision": True, "tag": "canary"}
