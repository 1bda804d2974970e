"""simulate plays the line as the real Kueue plays it."""

import json

import pytest

from tests.controlplane.ours import k8sai
from tests.controlplane.queue_cases import KUEUE, Place, job
from tests.controlplane.queue_simulated import change
from tests.controlplane.server import ControlPlane
from tests.queues.simulate_objects import cluster_queue, group, local_queue

pytestmark = pytest.mark.controlplane


@pytest.mark.parametrize(
    ("strategy", "nominal", "given"),
    [
        ("BestEffortFIFO", 14, {"second", "asked"}),
        ("BestEffortFIFO", 12, {"second"}),
        ("BestEffortFIFO", 17, {"first"}),
        ("StrictFIFO", 14, set()),
        ("StrictFIFO", 19, {"first"}),
    ],
)
def test_the_line_is_played_as_kueue_plays_it(
    simulate_plane: ControlPlane, strategy: str, nominal: int, given: set[str]
) -> None:
    """8 are held; 9, then 4, then 2 wait. The quota grows: who is given some is what simulate said."""
    place, name = Place(simulate_plane, "simulate-line"), f"simulate-line-{strategy.lower()}-{nominal}"
    place.put(cluster_queue(name, 8, queueingStrategy=strategy), local_queue(place.namespace, name))
    place.run(job("old", 8))
    for owner, gpus in (("first", 9), ("second", 4), ("asked", 2)):
        place.create(job(owner, gpus))
        place.decided(owner, lambda _: True)
        place.new_second()  # Kueue's order of one second is by uid
    words = ("simulate", "job/asked", "-n", place.namespace, "-o", "json", "--if", f"cq.{name}.nominal={nominal}")
    document = k8sai("queue", *words, kubeconfig=simulate_plane.kubeconfig())
    ours = json.loads(document.out)
    assert {one["owner"].partition("/")[2] for one in ours["admissions"]} == given, document.err
    change(place, name, {"spec": {"resourceGroups": group(("h100", {"nominalQuota": nominal}))}}, name)
    path = f"{KUEUE}/namespaces/{place.namespace}/workloads"
    place.api.until(path, lambda _: given | {"old"} <= place.holding(), seconds=30)
    assert place.holding() == given | {"old"}
