"""What owns what."""

from k8sai.fleet.index import Fleet
from k8sai.tui.desk import Desk
from k8sai.tui.glyphs import UNICODE
from k8sai.tui.kin import KINDS, owner_of
from k8sai.tui.subject import Subject
from tests.tui.objects import Things, cluster
from tests.tui.world import FixedFeed, fill, now


def desk(things: Things | None) -> Desk:
    feed = FixedFeed()
    feed.objects = things
    return Desk(fill(Fleet()), feed, now, UNICODE)


def test_a_pods_owner_is_known_without_asking() -> None:
    assert owner_of(desk(None), Subject("pods", "team-llm", "eval-0")) == Subject("jobs.batch", "team-llm", "eval")


def test_other_owners_are_what_objects_say() -> None:
    def owned(**owner: object) -> Things:
        things = cluster()
        things.things["jobs.batch"][0]["metadata"]["ownerReferences"] = [{"controller": True, **owner}]
        return things

    job = Subject("jobs.batch", "team-llm", "eval")
    for owner, resource in (
        ({"apiVersion": "jobset.x-k8s.io/v1alpha2", "kind": "JobSet"}, "jobsets.jobset.x-k8s.io"),
        ({"apiVersion": "batch/v1", "kind": "CronJob"}, "cronjobs.batch"),
        ({"apiVersion": "batch.volcano.sh/v1alpha1", "kind": "Job"}, "jobs.batch.volcano.sh"),
        ({"apiVersion": "example.com/v1", "kind": "Sweep"}, "sweeps.example.com"),
    ):
        assert owner_of(desk(owned(name="x", **owner)), job) == Subject(resource, "team-llm", "x")
    assert owner_of(desk(cluster()), job) is None


def test_a_job_is_one_of_kubernetes_itself() -> None:
    assert KINDS["Job"] == "jobs.batch"
    assert str(Subject(KINDS["Job"], "a", "b")) == "job a/b"
    assert str(Subject("deviceclasses.resource.k8s.io", "", "gpu")) == "deviceclass gpu"
