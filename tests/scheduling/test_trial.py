"""What one node says to one pod, how many fit, and what would be: each rule by a case of its own."""

import random
from typing import Any

import pytest

from k8sai.scheduling import domains, filters
from k8sai.scheduling.preempt import Budget
from k8sai.scheduling.trial import Candidate, Trial
from tests.scheduling.cluster import GPU, HOST, NAMESPACE, ZONE, apart, board, fact, gang, held, near, node, pod, spread

Json = dict[str, Any]
GPU_TAINT = {"key": GPU, "value": "present", "effect": "NoSchedule"}


def one(trial: Trial, gpus: int = 1, **spec: Any) -> Candidate:
    return trial.candidate_of(pod("asks", gpus, **spec))


# --- one node ---------------------------------------------------------------------------------------------------------


def test_all_filters_that_refuse_are_named_in_the_schedulers_order() -> None:
    there = node("a", 8, unschedulable=True, taints=[GPU_TAINT])
    trial = Trial(board([there], [held("x", "a", 7)]))
    said = trial.verdict(one(trial, 4, nodeSelector={"pool": "big"}), "a")
    assert [r.plugin for r in said.refusals] == [
        "NodeUnschedulable",
        "TaintToleration",
        "NodeAffinity",
        "NodeResourcesFit",
    ]
    assert said.refusals[1].detail == f"{GPU}=present:NoSchedule"
    assert said.short == {GPU: 3}
    assert not said.fits and said.helpless


def test_every_short_resource_and_by_how_much() -> None:
    trial = Trial(board([node("a", 8, amounts={"pods": "1", "cpu": "1"})], [held("x", "a", 6)]))
    said = trial.verdict(one(trial, 4), "a")
    assert said.short == {GPU: 2, "cpu": 1000, "pods": 1}
    assert set(said.refusals[0].reasons) == {filters.TOO_MANY, "Insufficient cpu", f"Insufficient {GPU}"}
    assert not said.helpless


def test_more_than_the_node_has_is_helpless() -> None:
    trial = Trial(board([node("a", 4)]))
    assert trial.verdict(one(trial, 8), "a").helpless


@pytest.mark.parametrize(
    ("theirs", "fits"),
    [
        ({"hostPort": 8080}, False),
        ({"hostPort": 8080, "protocol": "UDP"}, True),
        ({"hostPort": 8080, "hostIP": "10.0.0.1"}, False),
        ({"hostPort": 9090}, True),
    ],
)
def test_ports_clash_by_number_protocol_and_address(theirs: Json, fits: bool) -> None:
    other = held("x", "a", 0)
    other["spec"]["containers"][0]["ports"] = [{"containerPort": 80, **theirs}]
    trial = Trial(board([node("a")], [other]))
    mine = pod("asks")
    mine["spec"]["containers"][0]["ports"] = [{"containerPort": 80, "hostPort": 8080}]
    assert trial.verdict(trial.candidate_of(mine), "a").fits is fits


def test_two_addresses_of_a_node_do_not_clash() -> None:
    other, mine = held("x", "a", 0), pod("asks")
    other["spec"]["containers"][0]["ports"] = [{"containerPort": 80, "hostPort": 8080, "hostIP": "10.0.0.1"}]
    mine["spec"]["containers"][0]["ports"] = [{"containerPort": 80, "hostPort": 8080, "hostIP": "10.0.0.2"}]
    trial = Trial(board([node("a")], [other]))
    assert trial.verdict(trial.candidate_of(mine), "a").fits


def test_on_the_hosts_network_every_port_is_the_hosts() -> None:
    trial = Trial(board([node("a")]))
    mine = pod("asks", hostNetwork=True)
    mine["spec"]["containers"][0]["ports"] = [{"containerPort": 80}]
    assert trial.room(trial.candidate_of(mine), "a") == 1


def test_a_pod_bound_past_its_node_leaves_less_than_nothing() -> None:
    trial = Trial(board([node("a", 4)], [held("x", "a", 3), held("y", "a", 3)]))
    assert trial.verdict(one(trial, 1), "a").short == {GPU: 3}
    assert trial.verdict(one(trial, 0), "a").fits


# --- nominees ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("priority", "fits"), [(0, False), (10, False), (11, True)])
def test_a_nominee_reserves_its_room_against_equals_and_lesser(priority: int, fits: bool) -> None:
    nominee = pod("first", 7, priority=10, status={"nominatedNodeName": "a"})
    trial = Trial(board([node("a")], [nominee]))
    assert trial.verdict(one(trial, 2, priority=priority), "a").fits is fits


def test_what_is_reserved_for_a_pod_does_not_stand_in_its_own_way() -> None:
    of = board([node("a")], [pod("first", 7, priority=10, status={"nominatedNodeName": "a"})])
    trial = Trial(of)
    (waiting,) = of.waiting()
    assert trial.verdict(trial.candidate(waiting), "a").fits
    assert trial.place([trial.candidate(waiting)]).nodes == {"uid-first": "a"}


# --- other nodes' pods ------------------------------------------------------------------------------------------------


def test_affinity_wants_one_pod_that_all_terms_are_about() -> None:
    both = near(HOST, app="store")
    both["podAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"].append(
        {"topologyKey": ZONE, "labelSelector": {"matchLabels": {"tier": "fast"}}}
    )
    apart_pods = [held("x", "a", 0, labels={"app": "store"}), held("y", "a", 0, labels={"tier": "fast"})]
    trial = Trial(board([node("a")], apart_pods))
    assert [r.reasons for r in trial.verdict(one(trial, affinity=both), "a").refusals] == [(domains.SEEKS,)]
    trial = Trial(board([node("a")], [held("x", "a", 0, labels={"app": "store", "tier": "fast"})]))
    assert trial.verdict(one(trial, affinity=both), "a").fits


def test_the_first_of_a_group_that_seeks_itself_goes_anywhere_and_the_others_follow() -> None:
    trial = Trial(board([node("a", 8, zone="east"), node("b", 8, zone="west"), node("c", 8, zone="west")]))
    went = trial.place(gang(trial, 3, 8, affinity=near(ZONE, app="train")))
    assert len(set(went.nodes.values())) == len(went.nodes) <= 2
    assert went.failed is not None


def test_pods_that_repel_their_like_take_a_node_each() -> None:
    trial = Trial(board([node("a"), node("b"), node("c")]))
    went = trial.place(gang(trial, 4, 1, affinity=apart()))
    assert sorted(went.nodes.values()) == ["a", "b", "c"]
    assert went.failed and went.left == ("uid-gang-3",)
    assert {r.reasons for v in went.verdicts for r in v.refusals} >= {(domains.REPELS,)}


def test_a_pod_that_is_there_repels_too() -> None:
    trial = Trial(board([node("a"), node("b", zone="b")], [held("x", "a", 0, affinity=apart(ZONE))]))
    assert trial.rooms(one(trial), most=3) == {"b": 3}
    (refusal,) = trial.verdict(one(trial), "a").refusals
    assert refusal.reasons == (domains.REPELLED,)


def test_label_keys_of_a_manifest_join_the_selector() -> None:
    rule = apart()
    rule["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"][0]["matchLabelKeys"] = ["run"]
    trial = Trial(board([node("a")], [held("x", "a", 0, labels={"run": "1"})]))
    assert not trial.verdict(trial.candidate_of(pod("p", labels={"run": "1"}, affinity=rule)), "a").fits
    assert trial.verdict(trial.candidate_of(pod("p", labels={"run": "2"}, affinity=rule)), "a").fits


def test_namespaces_of_a_term() -> None:
    of = board([node("a")], [held("x", "a", 0, labels={"app": "other"})])
    of.use_namespaces({NAMESPACE: {"team": "red"}})
    rule = apart(HOST, app="other")
    term = rule["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"][0]
    for selector, fits in (
        ({"matchLabels": {"team": "blue"}}, True),
        ({"matchLabels": {"team": "red"}}, False),
        ({}, False),
    ):
        term["namespaceSelector"] = selector
        trial = Trial(of)
        assert trial.verdict(one(trial, affinity=rule), "a").fits is fits


def test_spread_bounds_the_skew() -> None:
    trial = Trial(board([node("a", zone="east"), node("b", zone="west", unschedulable=True)]))
    went = trial.place(gang(trial, 4, 1, topologySpreadConstraints=spread()))
    assert len(went.nodes) == 1  # a cordoned node is still a domain
    trial = Trial(board([node("a", zone="east"), node("b", 2, zone="west")]))
    assert len(trial.place(gang(trial, 8, 1, topologySpreadConstraints=spread(most=2))).nodes) == 6


def test_an_empty_selector_spreads_nobody() -> None:
    trial = Trial(board([node("a", zone="east"), node("b", 0, zone="west")]))
    rule = spread(labelSelector={})
    assert len(trial.place(gang(trial, 4, 1, topologySpreadConstraints=rule)).nodes) == 4


def test_too_few_domains_count_as_an_empty_one() -> None:
    trial = Trial(board([node("a", zone="east"), node("b", zone="west")]))
    rule = spread(most=2, minDomains=3)
    assert len(trial.place(gang(trial, 8, 1, topologySpreadConstraints=rule)).nodes) == 4


# --- how many ---------------------------------------------------------------------------------------------------------


def test_room_is_what_placing_one_after_the_other_finds() -> None:
    for seed in range(40):
        rng = random.Random(seed)
        nodes = [
            node(n, rng.choice((0, 4, 8)), zone=rng.choice("xy"), amounts={"pods": str(rng.randint(1, 9))})
            for n in "abcd"
        ]
        pods = [
            held(f"p{i}", rng.choice("abcd"), rng.randint(0, 2), labels={"app": rng.choice(("train", "web"))})
            for i in range(5)
        ]
        trial = Trial(board(nodes, pods))
        choices: tuple[Json, ...] = (
            {},
            {"affinity": apart()},
            {"affinity": apart(ZONE)},
            {"affinity": near(ZONE, app="train")},
            {"topologySpreadConstraints": spread(rng.choice((ZONE, HOST)), rng.choice((1, 2, 3)))},
        )
        asked = rng.choice(choices)
        gpus = rng.choice((0, 1, 2, 4))
        pods_alike = gang(trial, 12, gpus, **asked)
        for name in "abcd":
            assert trial.room(pods_alike[0], name, 12) == len(trial.place(pods_alike, [name]).nodes), (
                seed,
                name,
                asked,
            )


def test_a_gang_is_counted_node_by_node() -> None:
    trial = Trial(board([node("a"), node("b"), node("c", 4)], [held("x", "b", 6)]))
    assert trial.rooms(one(trial, 2)) == {"a": 4, "b": 1, "c": 2}
    went = trial.place(gang(trial, 8, 2))
    assert (len(went.nodes), went.all_fit, went.left) == (7, False, ("uid-gang-7",))
    assert trial.place(gang(trial, 7, 2)).all_fit
    assert [v.short for v in went.verdicts] == [{GPU: 2}] * 3


def test_later_pods_are_tried_after_one_that_fits_nowhere() -> None:
    trial = Trial(board([node("a", 4)]))
    pods = [trial.candidate_of(pod(name, gpus)) for name, gpus in (("large", 8), ("small", 2), ("tiny", 2))]
    went = trial.place(pods)
    assert went.nodes == {"uid-small": "a", "uid-tiny": "a"}
    assert went.failed and went.failed.name == "large"


def test_placing_on_some_nodes_only() -> None:
    trial = Trial(board([node("a"), node("b")]))
    went = trial.place(gang(trial, 3, 8), ["b"])
    assert set(went.nodes.values()) == {"b"} and len(went.nodes) == 1
    assert [v.node for v in went.verdicts] == ["b"]


def test_filling_stays_in_the_trial() -> None:
    trial = Trial(board([node("a")]))
    trial.fill(gang(trial, 3, 2))
    assert trial.rooms(one(trial, 2)) == {"a": 1}


# --- what would be ----------------------------------------------------------------------------------------------------


def test_without_a_node_and_without_a_pod() -> None:
    trial = Trial(board([node("a"), node("b")], [held("x", "a", 8), held("y", "b", 5)]))
    assert trial.rooms(one(trial)) == {"b": 3}
    assert trial.without(pods=["uid-x"]).rooms(one(trial)) == {"a": 8, "b": 3}
    assert trial.without(nodes=["b"]).rooms(one(trial)) == {}
    assert trial.without(nodes=["b"], pods=["uid-x"]).rooms(one(trial)) == {"a": 8}
    assert trial.rooms(one(trial)) == {"b": 3}


def test_what_is_gone_repels_nobody_and_reserves_nothing() -> None:
    pods = [held("x", "a", 0, affinity=apart()), pod("n", 8, status={"nominatedNodeName": "b"})]
    trial = Trial(board([node("a"), node("b")], pods))
    assert trial.rooms(one(trial)) == {}
    assert trial.without(pods=["uid-x", "uid-n"]).rooms(one(trial)) == {"a": 8, "b": 8}


def test_preemption_is_told_apart_from_fitting() -> None:
    trial = Trial(board([node("a")], [held("x", "a", 5, priority=1), held("y", "a", 3, priority=1)]))
    asks = one(trial, 3, priority=5)
    assert trial.rooms(asks) == {}
    chosen = trial.preemption(asks)
    assert chosen and (chosen.node, [v.name for v in chosen.victims]) == ("a", ["y"])
    assert trial.preemption(one(trial, 3, priority=5, preemptionPolicy="Never")) is None
    assert trial.preemption(one(trial, 3, priority=1)) is None
    assert trial.preemption(one(trial, 9, priority=5)) is None


def test_preemption_spares_what_a_budget_protects() -> None:
    pods = [held("x", "a", 4, priority=1, labels={"app": "x"}), held("y", "a", 4, priority=1)]
    trial = Trial(board([node("a")], pods))
    spared = trial.preemption(one(trial, 4, priority=5), [Budget(NAMESPACE, {"matchLabels": {"app": "x"}}, 0)])
    assert spared and [v.name for v in spared.victims] == ["y"]


def test_a_gang_whose_reservation_is_its_own() -> None:
    of = board(
        [node("a")], [pod("m0", 4, status={"nominatedNodeName": "a"}), pod("m1", 4, status={"nominatedNodeName": "a"})]
    )
    trial = Trial(of)
    assert trial.place([trial.candidate(p) for p in of.waiting()]).all_fit


def test_a_fact_is_judged_as_its_object_is() -> None:
    asks = pod("p", 2, nodeSelector={HOST: "b"}, tolerations=[{"key": GPU, "operator": "Exists"}], affinity=apart())
    of = board([node("a"), node("b", taints=[GPU_TAINT])], [asks])
    trial = Trial(of)
    from_fact, from_object = trial.candidate(fact("pods", asks)), trial.candidate_of(asks)
    assert trial.verdicts(from_fact) == trial.verdicts(from_object)
    assert trial.rooms(from_fact) == {"b": 1}
