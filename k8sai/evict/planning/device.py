"""Who is on one GPU: for a drain of a device, which cordons nothing."""

from typing import TYPE_CHECKING

from k8sai.errors import NotFound, Refused
from k8sai.evict.facts import Json
from k8sai.evict.planning.survey import PODS, Survey
from k8sai.fleet.query import NodeQuery

if TYPE_CHECKING:
    from k8sai.cluster.reading import Reading
    from k8sai.fleet.index import Fleet


def survey(reading: "Reading", fleet: "Fleet", uuid: str) -> Survey:
    """The pods that hold it. Raises NotFound; Refused where the cluster does not tell who holds a card."""
    for name in fleet.node_names(NodeQuery()):
        for one in fleet.node(name).devices:
            if uuid in (one.uuid, one.id):
                if one.state == "unknown":
                    raise Refused(
                        f"who holds {uuid} on node {name} is not told: only DRA says it",
                        f"`k8sai evict plan {name}` drains the node",
                    )
                held = {each.uid for each in one.holders if not each.nominated}
                return Survey(pods=tuple(_pods(reading, name, held)))
    raise NotFound(f"no node has a GPU {uuid}", "`k8sai top --once -o json` lists them")


def _pods(reading: "Reading", node: str, held: set[str]) -> list[Json]:
    found = reading.list(PODS, fields=f"spec.nodeName={node}")
    return [pod for pod in found if pod["metadata"].get("uid") in held]
