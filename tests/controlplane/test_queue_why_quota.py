"""`queue why` on a real Kueue: quota that is short, never enough, or more than there is."""

import pytest

from k8sai.cluster.reading import holds
from k8sai.errors import Exit
from tests.controlplane.queue_cases import KUEUE, job
from tests.controlplane.queue_place import QueuePlace
from tests.queues.simulate_objects import GPU, cluster_queue, cohort, flavor

pytestmark = pytest.mark.controlplane


def test_short_of_quota(place: QueuePlace) -> None:
    place.queue()
    place.run(job("old", 5))
    place.create(job("train", 6))
    why = place.agreed("train", "WaitingForQuota", Exit.WAITING)
    first = why.blockers[0]
    assert (first.need, first.have, first.deficit) == (6, 3, 3)
    assert "3 more needed" in (why.quoted.said.message if why.quoted and why.quoted.said else "")
    assert "wait for job/old to end" in [fix.text for fix in first.fixes]
    assert why.position is not None and (why.position.cluster_queue, why.position.exact) == (1, True)


def test_every_fix_does_what_it_says(place: QueuePlace) -> None:
    """The change that is named first is made, and Kueue admits the workload."""
    place.put(cohort(place.name("ai")))
    place.put(flavor(place.name("f")), cluster_queue(place.name("lender"), 32, place.name("ai"), place.name("f")))
    place.queue(8, place.name("ai"), borrow=2)
    place.run(job("old", 8))
    place.create(job("train", 6))
    why = place.agreed("train", "WaitingForQuota", Exit.WAITING)
    first = why.blockers[0].fixes[0]
    assert first.change == f"cq.{place.cq}.borrowingLimit=6"
    quota = {"name": place.name("f"), "resources": [{"name": GPU, "nominalQuota": 8, "borrowingLimit": 6}]}
    groups = [{"coveredResources": [GPU], "flavors": [quota]}]
    place.patch(f"{KUEUE}/clusterqueues/{place.cq}", {"spec": {"resourceGroups": groups}})
    place.workload("train", lambda one: holds(one, "Admitted") is not None)
    assert place.why("job/train").exit in (Exit.OK, Exit.WAITING)  # its pods need nodes


def test_never_fits(place: QueuePlace) -> None:
    place.queue()
    place.create(job("train", 9))
    why = place.agreed("train", "ExceedsMaxQuota", Exit.BLOCKED)
    assert why.message.startswith(f"it asks 9 GPU in {place.name('f')} and can never have more than 8")


def test_more_is_used_than_there_is(place: QueuePlace) -> None:
    place.queue()
    place.run(job("old", 8))
    quota = {"name": place.name("f"), "resources": [{"name": GPU, "nominalQuota": 6}]}
    place.patch(
        f"{KUEUE}/clusterqueues/{place.cq}",
        {"spec": {"resourceGroups": [{"coveredResources": [GPU], "flavors": [quota]}]}},
    )
    place.create(job("train", 4))
    why = place.agreed("train", "WaitingForQuota", Exit.WAITING)
    assert (why.blockers[0].have, why.blockers[0].deficit) == (-2, 6)
    assert why.quoted is not None and why.quoted.words == "Kueue counts from 0: 6 must really be freed"
