"""`--if`: what is understood, what is refused and in which words, and what the setting is afterwards."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8sai.errors import NotFound, Usage
from k8sai.queues.facts import Condition, Share
from k8sai.queues.setting import Setting
from k8sai.queues.simulating.change import Change, read, short
from k8sai.queues.simulating.change_apply import apply
from k8sai.queues.usage import tree
from tests.queues.simulate_objects import GPU, cluster_queue, cohort, gpu_tree, group, made, setting

H100 = Share("h100", GPU)


def after(*texts: str, objects: list[dict[str, object]] | None = None) -> Setting:
    before = setting(objects if objects is not None else gpu_tree())
    return apply(before, read(before, texts))


def available(found: Setting, queue: str) -> int:
    filled = tree(found)
    return filled.available(filled.queues[queue], H100)


@pytest.mark.parametrize(
    ("texts", "queue", "left"),
    [
        (("cq.finetune.borrowingLimit=14",), "finetune", 8),
        (("cq.finetune.borrowingLimit=13",), "finetune", 7),
        (("cq.finetune.nominal=4",), "finetune", -10),
        (("cq.finetune.h100.nominal=24",), "finetune", 10),
        (("cq.finetune.h100.nvidia.com/gpu.nominal=24", "cq.finetune.borrowingLimit=0"), "finetune", 2),
        (("finish=ns-finetune/eval-grid",), "finetune", 8),
        (("finish=job/lab", "finish=search"), "students", 4),
        (("cohort.research.borrowingLimit=1",), "explore", -1),
        (("cohort.prod.parent=", "cohort.prod.lendingLimit=none"), "finetune", 2),
    ],
)
def test_a_change_moves_what_is_available(texts: tuple[str, ...], queue: str, left: int) -> None:
    assert available(after(*texts), queue) == left


def test_words_are_what_the_api_calls_them() -> None:
    found = after(
        "cq.finetune.stop=Hold",
        "cq.finetune.strategy=StrictFIFO",
        "cq.finetune.weight=0.5",
        "cq.finetune.preemption.within=LowerPriority",
        "cq.finetune.preemption.reclaim=Any",
        "cq.finetune.preemption.borrowWithin=LowerPriority",
        "cq.explore.cohort=prod",
        "lq.ns-students/main.cq=explore",
        "lq.ns-serving/main.stop=HoldAndDrain",
        "cohort.ai.weight=2",
    )
    queue = found.cluster_queues["finetune"]
    rules = queue.preemption
    assert (queue.stop, queue.strategy, queue.weight) == ("Hold", "StrictFIFO", 0.5)
    assert (rules.within, rules.reclaim, rules.borrow_within) == ("LowerPriority", "Any", "LowerPriority")
    assert found.cluster_queues["explore"].cohort == "prod"
    assert found.local_queues["ns-students/main"].cluster_queue == "explore"
    assert found.local_queues["ns-serving/main"].stop == "HoldAndDrain"
    assert (found.cohorts["ai"].weight, found.cohorts["ai"].implied) == (2.0, False)


def test_everything_that_is_wrong_is_said_at_once() -> None:
    here = setting(gpu_tree())
    with pytest.raises(Usage) as told:
        read(
            here,
            [
                "cq.fintune.nominal=1",
                "cq.finetune.nominl=1",
                "cq.finetune.h200.nominal=1",
                "cq.finetune.nominal=many",
                "cq.finetune.nominal=-1",
                "cq.finetune.stop=Hld",
                "cq.finetune",
                "queue.finetune.nominal=1",
                "lq.ns-students/min.cq=explore",
                "lq.ns-students/main.cq=explor",
                "cohort.prod.parent=resarch",
                "finish=eval-grd",
                "cq.finetune.weight=-1",
            ],
        )
    assert told.value.messages == (
        "--if cq.fintune.nominal=1: there is no ClusterQueue fintune; did you mean finetune?",
        "--if cq.finetune.nominl=1: 'nominl' is no field of a ClusterQueue; did you mean nominal?",
        "--if cq.finetune.h200.nominal=1: there is no quota h200 in ClusterQueue finetune; did you mean h100?; "
        "it has h100.nvidia.com/gpu",
        "--if cq.finetune.nominal=many: 'many' is not a Kubernetes quantity: a number with an optional suffix "
        "(m, k, Mi, Gi, …)",
        "--if cq.finetune.nominal=-1: -1 is negative",
        "--if cq.finetune.stop=Hld: 'Hld' is none of None, Hold, HoldAndDrain; did you mean Hold?",
        "--if cq.finetune: it has no value: write it as cq.NAME.nominal=24, cohort.NAME.parent=ai, "
        "lq.NS/NAME.cq=NAME or finish=NS/NAME",
        "--if queue.finetune.nominal=1: 'queue' is nothing that can be changed",
        "--if lq.ns-students/min.cq=explore: there is no LocalQueue ns-students/min; did you mean ns-students/main?",
        "--if lq.ns-students/main.cq=explor: there is no ClusterQueue explor; did you mean explore?",
        "--if cohort.prod.parent=resarch: there is no Cohort resarch; did you mean research?",
        "--if finish=eval-grd: there is no workload eval-grd that holds quota; did you mean eval-grid?",
        "--if cq.finetune.weight=-1: -1 is negative",
    )


def test_names_that_are_not_there_alone_are_not_found() -> None:
    with pytest.raises(NotFound):
        read(setting(gpu_tree()), ["cq.nobody.nominal=1", "finish=nobody"])


def test_several_quotas_need_to_be_told_apart() -> None:
    mixed = made(
        "ClusterQueue", "mixed", {"resourceGroups": group(("a", {"nominalQuota": 1}), ("b", {"nominalQuota": 2}))}
    )
    here = setting([mixed])
    with pytest.raises(Usage, match=f"has several quotas, say which: a.{GPU}, b.{GPU}"):
        read(here, ["cq.mixed.nominal=3"])
    assert read(here, ["cq.mixed.b.nominal=3"]) == (Change("cq", "mixed", "nominal", 3, Share("b", GPU)),)


def test_a_name_may_begin_with_another() -> None:
    here = setting([cluster_queue("a", 1, flavor="b"), cluster_queue("a.b", 2, flavor="c")])
    assert read(here, ["cq.a.b.nominal=3"])[0].name == "a.b"
    assert read(here, [f"cq.a.b.{GPU}.nominal=3"])[0].name == "a"


def test_a_name_of_several_workloads_is_not_guessed() -> None:
    twice = [*gpu_tree(), {**gpu_tree()[-1], "metadata": {**gpu_tree()[-1]["metadata"], "namespace": "ns-explore"}}]
    with pytest.raises(Usage, match="lab is the name of several: ns-explore/job-lab, ns-students/job-lab"):
        read(setting(twice), ["finish=lab"])
    assert read(setting(twice), ["finish=ns-explore/lab"])[0].name == "ns-explore/job-lab"


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (
            ("cq.finetune.cohort=",),
            "--if: ClusterQueue finetune has no cohort, so borrowingLimit of h100.nvidia.com/gpu must not be set",
        ),
        (
            ("cq.serving.lendingLimit=33",),
            "--if: ClusterQueue serving cannot lend 33 of h100.nvidia.com/gpu: its nominal quota is 32",
        ),
        (
            ("cq.serving.nominal=4",),
            "--if: ClusterQueue serving cannot lend 8 of h100.nvidia.com/gpu: its nominal quota is 4",
        ),
        (
            ("cohort.prod.parent=",),
            "--if: Cohort prod has no parent, so lendingLimit of h100.nvidia.com/gpu must not be set",
        ),
        (
            ("cq.serving.preemption.borrowWithin=LowerPriority",),
            "--if: ClusterQueue serving borrows within its cohort by preemption, which needs preemption.reclaim other "
            "than Never",
        ),
    ],
)
def test_what_the_webhook_refuses_is_refused(texts: tuple[str, ...], said: str) -> None:
    with pytest.raises(Usage) as told:
        after(*texts)
    assert told.value.messages == (said,)


def test_together_they_may_be_what_each_alone_is_not() -> None:
    found = after("cq.finetune.cohort=", "cq.finetune.borrowingLimit=none")
    assert available(found, "finetune") == -6


def test_a_cohort_may_lend_more_than_it_has() -> None:
    assert after("cohort.prod.lendingLimit=99").cohorts["prod"].quota(H100).lending_limit == 99  # type: ignore[union-attr]


def test_what_the_controller_said_is_forgotten_where_the_change_mends_it() -> None:
    def inactive(reason: str, **more: str) -> Setting:
        obj = cluster_queue("q", 1, "loop", stopPolicy="Hold")
        obj["status"]["conditions"] = [{"type": "Active", "status": "False", "reason": reason, "message": ""}]
        here = setting([obj, cohort("loop", "loop2"), cohort("loop2", "loop")])
        return apply(here, read(here, [f"{key}={value}" for key, value in more.items()]))

    assert inactive("Stopped", **{"cq.q.stop": "None"}).cluster_queues["q"].active is None
    assert inactive("FlavorNotFound", **{"cq.q.stop": "None"}).cluster_queues["q"].active == Condition(
        "Active", False, "FlavorNotFound"
    )
    assert inactive("Ready", **{"cohort.loop2.parent": ""}).cluster_queues["q"].active is None
    assert inactive("Ready", **{"cq.q.stop": "None"}).cluster_queues["q"].active is not None


NAMES = st.from_regex(r"[a-z]([-a-z0-9.]{0,6}[a-z0-9])?", fullmatch=True)


@given(
    st.lists(NAMES, min_size=1, max_size=4, unique=True),
    st.lists(NAMES, min_size=1, max_size=3, unique=True),
    st.sampled_from(["cpu", "memory", GPU, "amd.com/gpu"]),
    st.sampled_from(["nominal", "borrowingLimit", "lendingLimit"]),
    st.integers(0, 1 << 50),
)
def test_what_is_written_is_read_as_it_was_meant(
    queues: list[str], flavors: list[str], resource: str, field: str, value: int
) -> None:
    groups = [
        {
            "coveredResources": [resource],
            "flavors": [{"name": name, "resources": [{"name": resource, "nominalQuota": 1}]} for name in flavors],
        }
    ]
    here = setting([made("ClusterQueue", name, {"resourceGroups": groups, "cohortName": "all"}) for name in queues])
    for name in queues:
        for flavor in flavors:
            share = Share(flavor, resource)
            change = Change("cq", name, field, value, share)
            text = short(here, name, share, field, value)  # type: ignore[arg-type]
            if read(here, [str(change)]) == (change,):  # two names and a flavor may make the same text
                assert read(here, [text]) == (change,)
