"""The board follows facts, in any order, and a trial does not follow the board."""

import random
from typing import Any

from k8sai.scheduling.board import Board
from k8sai.scheduling.trial import Trial
from tests.scheduling.cluster import GPU, NAMESPACE, apart, board, fact, gang, held, node, pod


def used(of: Board, name: str) -> int:
    return of.view.nodes[name].used.get(GPU, 0)


def test_a_pod_counts_where_it_is_bound_until_it_is_terminal_or_gone() -> None:
    of = board([node("a"), node("b")], [held("x", "a", 3)])
    assert (used(of, "a"), used(of, "b")) == (3, 0)
    of.put(
        "pods",
        fact(
            "pods",
            {
                **held("x", "a", 3),
                "metadata": {**held("x", "a")["metadata"], "deletionTimestamp": "2026-11-21T10:00:00Z"},
            },
        ),
    )
    assert used(of, "a") == 3
    of.put("pods", fact("pods", {**held("x", "a", 3), "status": {"phase": "Failed"}}))
    assert used(of, "a") == 0
    of.put("pods", fact("pods", held("x", "a", 3)))
    of.drop("pods", fact("pods", held("x", "a", 3)))
    assert used(of, "a") == 0


def test_waiting_pods_are_kept_whole_until_they_are_bound() -> None:
    of = board([node("a")], [pod("x", 2, nodeSelector={"pool": "big"}), held("y", "a")])
    (waiting,) = of.waiting()
    assert waiting.spec.node_selector == {"pool": "big"}
    assert of.find(NAMESPACE, "x") == waiting and of.find(NAMESPACE, "y") is None
    of.put("pods", fact("pods", held("x", "a", 2)))
    assert of.waiting() == [] and of.find(NAMESPACE, "x") is None
    home = of.node_of("uid-x")
    assert home and home.name == "a"


def test_a_deleted_pod_without_a_node_does_not_wait() -> None:
    gone = pod("x")
    gone["metadata"]["deletionTimestamp"] = "2026-11-21T10:00:00Z"
    assert board([node("a")], [gone]).waiting() == []


def test_pods_of_a_node_that_comes_later_or_comes_back() -> None:
    of = board([], [held("x", "a", 2)])
    of.put("nodes", fact("nodes", node("a")))
    assert used(of, "a") == 2
    of.drop("nodes", fact("nodes", node("a")))
    of.put("nodes", fact("nodes", node("a", 4)))
    assert used(of, "a") == 2


def test_the_last_word_about_a_predecessor_changes_nothing() -> None:
    of = board([node("a")])
    old = node("a")
    old["metadata"]["uid"] = "older"
    of.drop("nodes", fact("nodes", old))
    assert "a" in of.view.nodes


def test_replace_forgets_what_is_not_in_it() -> None:
    of = board([node("a"), node("b")], [held("x", "a"), held("y", "b"), pod("z")])
    of.replace("pods", [fact("pods", held("y", "b"))])
    assert (used(of, "a"), used(of, "b"), of.waiting()) == (0, 1, [])
    of.replace("nodes", [fact("nodes", node("b"))])
    assert set(of.view.nodes) == {"b"}


def test_a_malformed_request_counts_nowhere() -> None:
    broken = held("x", "a")
    broken["spec"]["containers"][0]["resources"]["requests"] = {GPU: "eight"}
    assert used(board([node("a")], [broken]), "a") == 0


def test_any_order_gives_the_same_board() -> None:
    for seed in range(20):
        rng = random.Random(seed)
        events: list[tuple[Any, Any]] = [("nodes", node(n)) for n in "abc"]
        events += [("pods", held(f"p{i}", rng.choice("abc"), rng.randint(1, 3))) for i in range(12)]
        rng.shuffle(events)
        of = Board()
        for kind, obj in events:
            of.put(kind, fact(kind, obj))
        straight = board([node(n) for n in "abc"], [obj for kind, obj in events if kind == "pods"])
        assert {n: used(of, n) for n in "abc"} == {n: used(straight, n) for n in "abc"}


def test_a_trial_is_a_picture_of_one_moment() -> None:
    of = board([node("a"), node("b", 2)], [held("x", "a", 6)])
    trial = Trial(of)
    before = trial.rooms(gang(trial, 1)[0])
    of.put("pods", fact("pods", held("y", "a", 2)))
    of.drop("pods", fact("pods", held("x", "a", 6)))
    of.drop("nodes", fact("nodes", node("b", 2)))
    assert trial.rooms(gang(trial, 1)[0]) == before == {"a": 2, "b": 2}
    assert Trial(of).rooms(gang(trial, 1)[0]) == {"a": 6}


def test_trials_never_touch_the_board() -> None:
    of = board([node("a"), node("b")], [held("x", "a", 6, affinity=apart())])
    trial = Trial(of)
    trial.place(gang(trial, 12))
    trial.without(nodes=["a"], pods=["uid-x"])
    assert (used(of, "a"), used(of, "b"), list(of.view.nodes)) == (6, 0, ["a", "b"])
    assert list(of.view.repelling) == ["uid-x"]
    assert trial.node("a") is not None and trial.view.nodes["a"].used[GPU] == 6
