"""The document of a simulation, and several asked for at once."""

from dataclasses import replace

from k8sai.queues.simulating.document import document
from k8sai.queues.simulating.simulate import simulate
from k8sai.queues.simulating.wish import Wish
from tests.queues.simulate_objects import GPU, gpu_tree, setting
from tests.queues.simulated import wish


def test_a_document_has_what_scripts_rely_on() -> None:
    here = setting(gpu_tree())
    found = simulate(here, [wish(here, 1, 2)])
    shown = document(found, [], context="c", hidden=())
    assert (shown["kind"], shown["verdict"], shown["answer"], shown["exit"]) == (
        "QueueSimulation",
        "borrows",
        "FitsBorrowing",
        0,
    )
    assert shown["flavors"] == {"main": {GPU: "h100"}}
    assert shown["borrows"] == {"h100": {GPU: 8}}
    assert (shown["preempts"], shown["if"], shown["complete"]) == ([], [], True)
    queue = next(one for one in shown["after"]["clusterQueues"] if one["name"] == "finetune")
    assert queue["resources"][0]["used"] == 24
    assert shown["largest"] == {"podSet": "main", "pods": 2, "each": 1, "resource": GPU}


def test_a_document_of_what_waits_says_what_is_short_and_who_must_end() -> None:
    here = setting(gpu_tree())
    shown = document(simulate(here, [wish(here, 8)]), [], context="c", hidden=())
    assert (shown["verdict"], shown["flavors"], shown["borrows"]) == ("waits", {}, {})
    assert shown["short"] == [{"flavor": "h100", "resource": GPU, "deficit": 6}]
    (one,) = shown["workloads"]
    assert [(freed["name"], freed["frees"], freed["secondsLeft"]) for freed in one["frees"]] == [
        ("job-sft-70b", {"h100": {GPU: 16}}, None)
    ]


def test_several_are_judged_after_each_other_and_the_worst_speaks() -> None:
    here = setting(gpu_tree())
    found = simulate(here, [wish(here, 2), replace_name(wish(here, 2))])
    assert [one.kind for one in found.outcomes] == ["FitsBorrowing", "Waits"]
    assert found.kind == "Waits"


def replace_name(one: Wish) -> Wish:
    return replace(one, workload=replace(one.workload, name="another", uid="~2"))
