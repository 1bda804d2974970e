"""`evict rbac`: its role is enough, and no right in it can be left out; on the embedded cluster with rights."""

from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from k8sai.cluster.connect import connect
from k8sai.cluster.options import Options
from k8sai.errors import Exit, Forbidden
from k8sai.evict.facts import Grade
from k8sai.evict.gangs.kinds import OWNERS
from k8sai.evict.plan import Plan
from k8sai.evict.planning.make import make
from k8sai.evict.planning.wish import Wish
from k8sai.evict.state import Settings
from tests.commands.evict_site import EvictSite
from tests.evict.yard_objects import budget, contract, job, jobset, queues, service

Json = dict[str, Any]
# Kinds that no gang of this cluster has to do with: whether they may be read cannot matter here.
ABSENT = {one.full for one in OWNERS.values() if one.name not in ("Job", "JobSet")}
ABSENT |= {"podgroups.scheduling.k8s.io", "resourceclaimtemplates.resource.k8s.io"}


def role(site: EvictSite, *words: str) -> list[Json]:
    ran = site("rbac", *words)
    assert (ran.code, ran.err) == (Exit.OK, "")
    found: list[Json] = yaml.safe_load(ran.out)["rules"]
    return found


def each(rules: list[Json]) -> Iterator[tuple[str, str, str]]:
    """Group, resource and verb of every right."""
    for rule in rules:
        for resource in rule["resources"]:
            yield from ((rule["apiGroups"][0], resource, verb) for verb in rule["verbs"])


def as_rules(rights: list[tuple[str, str, str]]) -> list[Json]:
    return [{"apiGroups": [group], "resources": [plural], "verbs": [verb]} for group, plural, verb in rights]


def full(site: EvictSite) -> Wish:
    """A cluster in which every right to read is needed for something."""
    made = site.nodes("n0", "n1", "n2", "n3")
    space = site.namespace
    meta = {"metadata": {"name": f"{space}-high"}}
    site.api.post("/apis/scheduling.k8s.io/v1/priorityclasses", {**meta, "value": 10})
    site.api.post("/apis/node.k8s.io/v1/runtimeclasses", {**meta, "handler": "gpu"})
    claim = {
        "accessModes": ["ReadWriteMany"],
        "resources": {"requests": {"storage": "1Gi"}},
        "volumeName": f"{space}-v",
    }
    body = {"metadata": {"name": "ckpt"}, "spec": {**claim, "storageClassName": ""}}
    site.api.post(f"/api/v1/namespaces/{space}/persistentvolumeclaims", body)
    volume = {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteMany"], "nfs": {"server": "s", "path": "/"}}
    site.api.post("/api/v1/persistentvolumes", {"metadata": {"name": f"{space}-v"}, "spec": volume})
    says = contract("llm", checkpoint_path="/ckpt", checkpoint_durable="")
    gang = jobset("llm", space, says=says)
    spec = gang["spec"]["replicatedJobs"][0]["template"]["spec"]["template"]["spec"]
    spec["volumes"] = [{"name": "ckpt", "persistentVolumeClaim": {"claimName": "ckpt"}}]
    spec["containers"][0]["volumeMounts"] = [{"name": "ckpt", "mountPath": "/ckpt"}]
    spec |= {"priorityClassName": f"{space}-high", "runtimeClassName": f"{space}-high"}
    term = {
        "topologyKey": "kubernetes.io/hostname",
        "labelSelector": {"matchLabels": {"x": "y"}},
        "namespaceSelector": {},
    }
    spec["affinity"] = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    site.put(*queues(space, 8), job("plain", space, pods=1, gpus=1, queue="main"))
    site.put(gang, service("gw", space, 1), budget("gw", "gw", minAvailable=1))
    agent = service("agent", space)
    del agent["spec"]["replicas"]
    site.api.post(f"/apis/apps/v1/namespaces/{space}/daemonsets", {**agent, "kind": "DaemonSet"}).ok()
    for name, count in (("llm", 2), ("plain", 1), ("gw", 1), ("agent", 4)):
        site.runs(name, count)
    return Wish(
        tuple(made), settings=Settings(allow_park=True, ignore_daemonsets=True, accept=Grade.NONE, accept_forced=True)
    )


def planned(site: EvictSite, wish: Wish) -> Plan:
    return make(connect(Options(kubeconfig=str(site.config), as_user=site.user)), wish)


def test_the_role_for_plan_is_enough_and_none_of_it_can_be_left_out(evicts: EvictSite) -> None:
    wish = full(evicts)
    rights = list(each(role(evicts, "--for", "plan")))
    writes = [one for one in each(role(evicts)) if one not in rights]
    evicts.grant(as_rules(rights + writes))  # what may not be stopped needs no place
    whole = planned(evicts, wish)
    assert (whole.hidden, {each.word for row in whole.gangs for each in row.refusals}) == ((), set())
    superfluous = []
    for right in rights:
        group, plural, verb = right
        kind = f"{plural}.{group}" if group else plural
        if kind in ABSENT:
            continue
        evicts.grant(as_rules([*(one for one in rights if one != right), *writes]))
        try:
            less = planned(evicts, wish)
        except Forbidden:
            continue
        if not less.hidden and _same(less, whole):
            superfluous.append((verb, kind))
    assert superfluous == []


def _same(one: Plan, other: Plan) -> bool:
    said = [(row.action, row.refusals, row.warnings) for row in one.gangs]
    pods = sorted((row.ref.name, row.action, row.refusals) for row in one.pods)
    return (said, pods) == (
        [(row.action, row.refusals, row.warnings) for row in other.gangs],
        sorted((row.ref.name, row.action, row.refusals) for row in other.pods),
    )


def test_with_the_role_for_run_no_right_is_missing(evicts: EvictSite) -> None:
    wish = full(evicts)
    evicts.grant(role(evicts))
    plan = planned(evicts, wish)
    assert (plan.missing_rights, plan.hidden) == ((), ())
    assert {each.word for row in plan.gangs for each in row.refusals} == set()


def test_without_a_right_to_write_the_plan_names_it(evicts: EvictSite) -> None:
    wish = full(evicts)
    evicts.grant(role(evicts, "--for", "plan"))
    plan = planned(evicts, wish)
    assert "you may not patch nodes" in plan.missing_rights
    llm = next(row for row in plan.gangs if row.gang.ref.name == "llm")
    assert [each.word for each in llm.refusals].count("forbidden") >= 1
    assert any(f"patch jobsets.jobset.x-k8s.io in {evicts.namespace}" in each.why for each in llm.refusals)


def test_who_may_not_read_nodes_gets_no_plan(evicts: EvictSite) -> None:
    (node,) = evicts.nodes("n0")
    ran = evicts("plan", node, "--as", evicts.user)
    assert (ran.code, ran.out) == (Exit.FORBIDDEN, "")
    assert "nodes" in ran.err


def test_ways_to_ask_are_only_those_that_are_named(evicts: EvictSite) -> None:
    named = {resource for _, resource, _ in each(role(evicts, "--methods", "exec"))}
    assert "pods/exec" in named and "pods/proxy" not in named
    none = {resource for _, resource, _ in each(role(evicts, "--methods", "suspend"))}
    assert not {"pods/exec", "pods/proxy"} & none
    wrong = evicts("rbac", "--methods", "telepathy")
    assert (wrong.code, "there is no such way to ask" in wrong.err) == (Exit.USAGE, True)


@pytest.mark.parametrize("what", ["plan", "status"])
def test_reading_gives_no_right_to_write(evicts: EvictSite, what: str) -> None:
    writes = {
        (resource, verb) for _, resource, verb in each(role(evicts, "--for", what)) if verb not in ("get", "list")
    }
    assert writes == ({("pods/eviction", "create")} if what == "plan" else set())
