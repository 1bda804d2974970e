"""For any tree: the numbers of the sentence are the judge's, and every fix that is named does what it says."""

import re
from dataclasses import replace

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from k8sai.cluster.reading import Reading
from k8sai.queues.facts import Condition, Flavor, LocalQueue, Preemption
from k8sai.queues.judging.judge import judge
from k8sai.queues.resized import with_amount, with_count
from k8sai.queues.setting import Setting
from k8sai.queues.simulating.change import read as changes
from k8sai.queues.simulating.change_apply import apply, finished
from k8sai.queues.why.answer import explain
from k8sai.queues.why.document import document
from k8sai.queues.why.finding import Finding, Fix
from k8sai.queues.why.look import Look
from k8sai.queues.why.page import lines
from k8sai.queues.why.quota import deciding, pressing
from k8sai.queues.why.subject import Asked
from k8sai.queues.workload import Admission, Assigned, Owner, PodSet, Workload
from tests.queues.trees import GPU, cohort, queue
from tests.queues.why_world import World

NAMESPACE, QUEUE = "ml", "own"
SMALL = st.integers(0, 12)
LIMIT = st.none() | SMALL
POLICIES = st.sampled_from(["Never", "LowerPriority", "Any"])


def holder(name: str, where: str, amount: int, priority: int) -> Workload:
    given_ = Assigned("main", {GPU.resource: GPU.flavor}, {GPU.resource: amount}, 1)
    held = tuple(Condition(kind, True, kind, "", 60.0) for kind in ("QuotaReserved", "Admitted", "PodsReady"))
    owner = (Owner("batch/v1", "Job", name, f"job-{name}"),)
    sets = (PodSet("main", 1, {GPU.resource: amount}),)
    return Workload(
        NAMESPACE, f"w-{name}", f"u-{name}", 30.0, where, sets, priority, owners=owner,
        admission=Admission(where, (given_,)), conditions=held,
    )  # fmt: skip


@st.composite
def scenes(draw: st.DrawFn) -> tuple[Setting, Workload]:
    """Its own ClusterQueue and up to two others below a cohort, who holds what, and one that waits."""
    others = draw(st.integers(0, 2))
    parent = draw(st.sampled_from(["", "root"]))
    cohorts = [cohort("pool", parent, draw(SMALL), draw(LIMIT) if parent else None, draw(LIMIT))]
    cohorts += [cohort("root", "", draw(SMALL))] if parent else []
    names = [QUEUE, *(f"other-{number}" for number in range(others))]
    queues = {}
    for name in names:
        nominal = draw(SMALL)
        lend = draw(st.none() | st.integers(0, nominal))
        made = queue(name, "pool", nominal, draw(LIMIT), lend)
        within = draw(st.sampled_from(["Never", "LowerPriority"]))
        queues[name] = replace(made, selector={}, preemption=Preemption(within, draw(POLICIES)))
    held = [
        holder(f"h{number}", draw(st.sampled_from(names)), draw(st.integers(1, 9)), draw(st.integers(0, 2)))
        for number in range(draw(st.integers(0, 4)))
    ]
    count, each = draw(st.integers(1, 3)), draw(st.integers(1, 14))
    waiting = Workload(
        NAMESPACE, "w", "u", 90.0, "main", (PodSet("main", count, {GPU.resource: each}),), draw(st.integers(0, 3)),
        owners=(Owner("batch/v1", "Job", "train", "job-train"),),
    )  # fmt: skip
    return Setting(
        cluster_queues=queues,
        cohorts={one.name: one for one in cohorts},
        local_queues={f"{NAMESPACE}/main": LocalQueue(NAMESPACE, "main", QUEUE)},
        workloads={one.ref: one for one in (*held, waiting)},
        flavors={GPU.flavor: Flavor(GPU.flavor)},
        namespaces={NAMESPACE: {}},
        at=120.0,
    ), waiting


def look_at(setting: Setting) -> Look:
    return Look(setting, Reading(World([])), Asked("workload/w", NAMESPACE, workload="w"))


def quota_of(found: tuple[Finding, ...]) -> Finding | None:
    return next((one for one in found if one.share == GPU), None)


@settings(max_examples=100, deadline=None)
@given(scenes())
def test_the_sentence_has_the_judges_numbers(scene: tuple[Setting, Workload]) -> None:
    setting, waiting = scene
    look = look_at(setting)
    why = explain(look)
    judged = judge(setting, waiting, setting.cluster_queues[QUEUE])
    found = quota_of(why.blockers)
    assert judged.fits is (found is None)
    if found is None:
        assert why.code in ("FitsNow", "FitsBorrowing") and why.exit == 0
        return
    option = pressing(judged, setting.cluster_queues[QUEUE])
    line = deciding(option) if option else None
    assert line is not None
    if found.code == "ExceedsMaxQuota":
        assert (found.need, found.deficit) == (line.need, line.need - line.most)
        assert re.search(r"asks (\d+) GPU in h100 and can never have more than (\d+)", why.message) is not None
        numbers = re.findall(r"asks (\d+) GPU in h100 and can never have more than (-?\d+)", why.message)
        assert numbers == [(str(line.need), str(line.most))]
        return
    assert (found.need, found.have, found.deficit) == (line.need, line.have, line.need - line.have)
    if line.have >= 0:
        assert f"short {line.deficit} of {line.need} GPU" in why.message
    else:
        assert f"short all of {line.need} GPU, and {-line.have} more must be freed before" in why.message
    assert why.sums[0].startswith(f"{line.have} = ")


@settings(max_examples=100, deadline=None)
@given(scenes())
def test_every_fix_does_what_it_says(scene: tuple[Setting, Workload]) -> None:
    setting, waiting = scene
    found = quota_of(explain(look_at(setting)).blockers)
    for fix in found.fixes if found else ():
        _check(setting, waiting, fix)


def _check(setting: Setting, waiting: Workload, fix: Fix) -> None:
    own = setting.cluster_queues[QUEUE]
    pod_set = waiting.pod_sets[0]
    if fix.change:
        after = apply(setting, changes(setting, [fix.change]))
        judged = judge(after, waiting, after.cluster_queues[QUEUE])
        assert judged.fits if fix.text.endswith("admits it now") else judged.mode not in ("never", "refused")
    elif number := re.fullmatch(r"--(gpus|pods) (\d+) fits now", fix.text):
        size = int(number[2])
        sizes = [_sized(waiting, pod_set, number[1], each) for each in (size, size + 1)]
        assert [judge(setting, one, own).fits for one in sizes] == [True, False]
    elif fix.text.startswith("wait for "):
        names = re.findall(r"job/(\w+)", fix.text)
        ways = [names] if " and " in fix.text else [[name] for name in names]
        for way in ways:
            after = setting
            for name in way:
                after = finished(after, f"{NAMESPACE}/w-{name}")
            assert judge(after, waiting, own).fits, fix.text
    else:
        raise AssertionError(f"nobody checks {fix.text!r}")


def _sized(waiting: Workload, pod_set: PodSet, what: str, size: int) -> Workload:
    if what == "pods":
        return with_count(waiting, pod_set, size)
    return with_amount(waiting, pod_set, GPU.resource, size)


@settings(max_examples=60, deadline=None)
@given(scenes(), st.integers(40, 200))
def test_no_line_is_longer_than_the_terminal(scene: tuple[Setting, Workload], width: int) -> None:
    """But the command, which is pasted whole, and words that are longer themselves."""
    why = explain(look_at(scene[0]))
    longest = max(len(word) for cell in lines(why) for word in cell.text.split())
    for cell in lines(why, width):
        if not cell.text.startswith("next"):
            assert len(cell.text) <= max(width, longest + 24)
    folded = " ".join(" ".join(cell.text.split()) for cell in lines(why, width))
    assert folded == " ".join(" ".join(cell.text.split()) for cell in lines(why))


@settings(max_examples=60, deadline=None)
@given(scenes())
def test_the_document_is_json_and_says_the_same(scene: tuple[Setting, Workload]) -> None:
    why = explain(look_at(scene[0]))
    read = msgspec.json.decode(msgspec.json.encode(document(why, context="test")))
    assert (read["code"], read["exit"], read["sentence"]) == (why.code, int(why.exit), why.sentence)
    assert [one["deficit"] for one in read["blockers"]] == [one.deficit for one in why.blockers]
