"""`evict plan` as a user runs it: whole stdout, stderr and exit code, on the embedded cluster."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from k8sai.ages import stamp
from k8sai.cluster.connect import connect
from k8sai.cluster.connection import Connection
from k8sai.cluster.options import Options
from k8sai.errors import Exit, Usage
from k8sai.evict.planning.make import make
from k8sai.evict.planning.wish import Wish
from k8sai.evict.shown.plan_document import agreed
from tests.commands.evict_site import EvictSite
from tests.evict.yard import KINDS
from tests.evict.yard_objects import PREFIX, bare, budget, contract, job, jobset, queues, service

Json = dict[str, Any]
ALL = ("--force", "--accept-proof=none")


def nodes(site: EvictSite, count: int = 4) -> list[str]:
    return site.nodes(*(f"n{number}" for number in range(count)))


def trained(site: EvictSite, name: str = "llm", **says: str) -> list[str]:
    """A JobSet of two pods that says how it saves; its nodes."""
    site.put(jobset(name, site.namespace, says=contract(name, **says)))
    site.runs(name, 2)
    return sorted(site.where(name))


def lines(text: str, word: str) -> list[str]:
    return [line.split(maxsplit=1)[1] for line in text.splitlines() if line.startswith(word)]


def row(text: str, name: str) -> list[str]:
    found = next(line for line in text.splitlines() if f" site/{name} " in line)
    return re.split(r"\s{2,}", found.strip())


def test_a_plan_with_nothing_in_the_way(evicts: EvictSite) -> None:
    nodes(evicts)
    on = trained(evicts)
    ran = evicts("plan", *on)
    assert (ran.code, ran.err) == (Exit.OK, "")
    head, columns, gang, empty, total = ran.out.splitlines()
    assert head == (
        "PLAN IDENTI  nodes 2 (16 GPU)  gangs 1  server 1.37.0+k8sai-sim  hash HASH   cost = lost work + restart, GPU-h"
    )
    assert columns.split() == [
        *("ORDER", "GANG", "KIND", "GPUS", "NODES", "METHOD", "PROOF", "LAST-CKPT", "NOW", "PLAN", "SAVE"),
        *("DEADLINE", "STOP"),
    ]
    order, title, kind, *_ = re.split(r"\s{2,}", gang.strip())
    assert (order, title, kind, empty) == ("1", "site/llm", "JobSet", "")
    assert gang.split()[3:7] == ["16", "2/2", "annotation", "A"]
    assert gang.endswith("30s  suspend")
    assert re.fullmatch(r"TOTAL     >=1\.\d GPU-h if evicted now -> >=1\.3 as planned", total)


def test_a_gang_is_there_with_all_its_pods_wherever_they_are(evicts: EvictSite) -> None:
    nodes(evicts)
    on = trained(evicts)
    ran = evicts("plan", on[0], "--allow-park")
    assert row(ran.out, "llm")[3:5] == ["16", "1/2"]
    assert "site/llm spans 1 node not being drained: 8 GPUs outside will also stop" in lines(ran.out, "WARN")
    document = evicts.document("plan", on[0])
    assert (document["gangs"][0]["nodes"], document["gangs"][0]["drained"]) == (on, on[:1])


def test_what_is_known_of_the_last_checkpoint_makes_the_loss_exact(evicts: EvictSite) -> None:
    nodes(evicts)
    on = trained(evicts, checkpoint_after="pause")
    saved = stamp(evicts.now() - 3600)
    said = {"step": 8120, "time": saved, "snapshotTime": saved, "complete": True, "ranks": 2, "worldSize": 2}
    jobs = evicts.get("jobsets.jobset.x-k8s.io", "llm")
    evicts.annotate(
        "jobsets.jobset.x-k8s.io", jobs, {f"{PREFIX}last-checkpoint": json.dumps({**said, "saveSeconds": 90})}
    )
    (gang,) = evicts.document("plan", *on)["gangs"]
    assert gang["lastCheckpoint"].startswith("step 8120 ")
    assert (gang["saveSeconds"], gang["deadlineSeconds"], gang["grade"]) == (90.0, 30.0, "A")
    # the attempt began after that checkpoint: only what it has done since is lost
    assert gang["lostNow"]["open"] is False
    assert gang["lostGpuHours"] == pytest.approx(16 * (90 + 300) / 3600, abs=0.01)


def test_everything_that_is_refused_is_said_at_once(evicts: EvictSite) -> None:
    made = nodes(evicts)
    trained(evicts)
    evicts.put(bare("note", evicts.namespace, gpus=1))
    evicts.runs("note", 1)
    ran = evicts("plan", *made)
    assert ran.code == Exit.REFUSED
    assert lines(ran.out, "REFUSED") == [
        "site/llm: no room elsewhere while the nodes are cordoned: 0 of its 2 pods find one (no-room): add "
        "--allow-park: then it waits until there is room",
        "site/note: nothing makes it anew (unmanaged): add --force",
        "site/note: it has no contract (no-contract): docs/evict.md, The contract; or stop it without: "
        "--accept-proof=none",
    ]
    assert row(ran.out, "note")[-1] == "REFUSED unmanaged, no-contract"
    document = evicts.document("plan", *made, code=Exit.REFUSED)
    codes = {one["name"]: [each["code"] for each in one["refusals"]] for one in document["gangs"]}
    assert codes == {"llm": ["no-room"], "note": ["unmanaged", "no-contract"]}
    assert all(one["action"] == "refuse" and one["reason"] for one in document["gangs"])


def test_no_room_alone_is_no_capacity_and_parking_is_a_choice(evicts: EvictSite) -> None:
    made = nodes(evicts)
    trained(evicts)
    assert evicts("plan", *made).code == Exit.NO_CAPACITY
    parked = evicts("plan", *made, "--allow-park")
    assert parked.code == Exit.OK
    assert "it will wait" in lines(parked.out, "WARN")[0]


def test_gangs_compete_for_the_room_that_is_left(evicts: EvictSite) -> None:
    nodes(evicts)
    first, second = trained(evicts, "aa"), trained(evicts, "bb")
    assert not {*first} & {*second}
    assert evicts("plan", *first).code == Exit.NO_CAPACITY  # the other holds all the rest
    document = evicts.document("plan", first[0], second[0], code=Exit.NO_CAPACITY)
    assert [one["action"] for one in document["gangs"]] == ["stop", "refuse"]
    assert f"beside {evicts.namespace}/{document['gangs'][0]['name']}" in document["gangs"][1]["reason"]


def test_a_gang_whose_queue_is_stopped_would_not_come_back(evicts: EvictSite) -> None:
    nodes(evicts)
    evicts.put(*queues(evicts.namespace, 32), jobset("llm", evicts.namespace, queue="main", says=contract("llm")))
    evicts.runs("llm", 2)
    on = sorted(evicts.where("llm"))
    (gang,) = evicts.document("plan", *on)["gangs"]
    assert (gang["stop"], gang["action"]) == ("kueue active=false", "stop")
    queue = evicts.path("clusterqueues.kueue.x-k8s.io", evicts.namespace)
    evicts.api.patch(queue, {"spec": {"stopPolicy": "Hold"}}).ok()
    evicts.until("clusterqueues.kueue.x-k8s.io", evicts.namespace, _inactive)
    (gang,) = evicts.document("plan", *on, code=Exit.NO_CAPACITY)["gangs"]
    assert gang["reason"].startswith("Kueue would not admit it again now: ")


def _inactive(queue: Json) -> bool:
    return any(one["type"] == "Active" and one["status"] == "False" for one in queue["status"]["conditions"])


def test_a_loss_above_the_limit_is_a_finding(evicts: EvictSite) -> None:
    nodes(evicts)
    on = trained(evicts)
    assert evicts("plan", *on, "--max-loss", "1").code == Exit.FINDINGS
    priced = evicts("plan", *on, "--max-loss", "100", "--price", "10")
    assert priced.code == Exit.OK
    assert "-> $13" in priced.out


def test_a_gang_by_its_name(evicts: EvictSite) -> None:
    nodes(evicts)
    trained(evicts)
    space = evicts.namespace
    for name in (f"{space}/llm", "llm", "jobset/llm"):
        document = evicts.document("plan", "--gang", name)
        assert ([one["name"] for one in document["gangs"]], document["nodes"]) == (["llm"], [])
    missing = evicts("plan", "--gang", "lmm")
    assert (missing.code, missing.out) == (Exit.NOT_FOUND, "")
    assert "did you mean llm?" in missing.err


def test_nodes_by_their_labels(evicts: EvictSite) -> None:
    made = nodes(evicts)
    document = evicts.document("plan", "-l", f"yard={evicts.namespace}")
    assert [one["name"] for one in document["nodes"]] == made
    assert evicts("plan", "-l", "yard=nowhere").code == Exit.NOT_FOUND


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((), Exit.USAGE, "name what is to be drained"),
        (
            ("a", "--gang", "b"),
            Exit.USAGE,
            "name what is to be drained: one of nodes, -l, --gang or --device, not several",
        ),
        (("a", "-l", "b=c"), Exit.USAGE, "two ways to say it"),
        (("nowhere",), Exit.NOT_FOUND, "there is no node nowhere"),
        (("a", "--disable-eviction"), Exit.REFUSED, "past every disruption budget"),
        (("a", "--accept-proof", "F"), Exit.USAGE, "there is no such grade"),
        (("a", "--deadline", "soon"), Exit.USAGE, "--deadline soon"),
        (("a", "--max-parallel-gangs", "0"), Exit.USAGE, "at least one"),
        (("a", "--pod-selector", "a b"), Exit.USAGE, "label selector"),
        (("a", "--contract", "/nowhere"), Exit.NOT_FOUND, "/nowhere"),
        (("--device", "GPU-x"), Exit.REFUSED, "no driver publishes its GPUs"),
    ],
)
def test_what_is_wrong_is_one_sentence(evicts: EvictSite, words: tuple[str, ...], code: Exit, said: str) -> None:
    ran = evicts("plan", *words)
    assert (ran.code, ran.out) == (code, "")
    assert said in ran.err


def test_a_slip_of_the_pen_in_a_node_is_told(evicts: EvictSite) -> None:
    (made,) = nodes(evicts, 1)
    ran = evicts("plan", made.replace("n0", "m0"))
    assert ran.code == Exit.NOT_FOUND
    assert "did you mean site-n0?" in ran.err


def test_the_plan_is_kept_in_a_file_and_its_hash_is_of_what_it_stands_on(evicts: EvictSite) -> None:
    nodes(evicts)
    on = trained(evicts)
    file = evicts.folder / "plan.json"
    first = evicts.document("plan", *on, "--out", str(file))
    assert json.loads(file.read_text()) == first
    kept = Wish(tuple(on), namespace=evicts.namespace, id=first["id"])
    assert agreed(json.loads(file.read_text()), "plan.json") == (kept, first["hash"])
    others: list[object] = [{}, [], {**first, "kind": "Fit"}, {**first, "wish": {"nodes": 3}}]
    for wrong in others:
        with pytest.raises(Usage):
            agreed(wrong, "plan.json")
    again = evicts.document("plan", *on)
    assert (again["hash"], again["id"] != first["id"]) == (first["hash"], True)
    evicts.put(budget("gw", "nobody"))
    assert evicts.document("plan", *on)["hash"] == first["hash"]  # it covers none of them
    pod = evicts.pods_of("llm")[0]["metadata"]["name"]
    evicts.api.delete(evicts.path("pods", pod), {"gracePeriodSeconds": 0})
    assert evicts.document("plan", *on, *ALL, code=Exit.OK)["hash"] != first["hash"]
    unwritable = evicts("plan", *on, "--out", "/nowhere/plan.json")
    assert unwritable.code == Exit.USAGE


def test_a_plan_writes_nothing(evicts: EvictSite) -> None:
    made = nodes(evicts)
    trained(evicts)
    evicts.put(service("gw", evicts.namespace, 2), budget("gw", "gw"), bare("note", evicts.namespace, gpus=1))
    evicts.runs("gw", 2)
    evicts.runs("note", 1)

    def picture() -> Json:
        kinds = (*KINDS, "configmaps", "leases.coordination.k8s.io", "events")
        found: Json = {}
        for kind in kinds:
            plural, _, group = kind.partition(".")
            version, _ = KINDS.get(kind, (f"{group}/v1" if group else "v1", True))
            root = f"/apis/{version}" if "/" in version else f"/api/{version}"
            answer = evicts.api.get(f"{root}/{plural}")
            items = answer.body.get("items") or [] if answer.status == 200 else []
            found |= {one["metadata"]["uid"]: one["metadata"] for one in items}
        beats = ("kube-node-lease",)  # what kubelets renew
        return {uid: meta["resourceVersion"] for uid, meta in found.items() if meta.get("namespace") not in beats}

    before = picture()
    assert evicts("plan", *made, *ALL, "--allow-park").code == Exit.OK
    assert picture() == before


def test_no_pod_of_a_gang_costs_a_request(evicts: EvictSite, monkeypatch: pytest.MonkeyPatch) -> None:
    made = nodes(evicts)
    for name, pods in (("two", 2), ("many", 12)):
        evicts.put(job(name, evicts.namespace, pods=pods, gpus=1, says=contract(name)))
        evicts.runs(name, pods)
    asked: list[str] = []
    request = Connection.request

    def counted(self: Connection, method: str, path: str, **more: Any) -> Any:
        asked.append(f"{method} {path}")
        return request(self, method, path, **more)

    monkeypatch.setattr(Connection, "request", counted)
    counts = []
    for name in ("two", "many"):
        asked.clear()
        make(connect(Options(kubeconfig=str(evicts.config))), Wish(gang=f"{evicts.namespace}/{name}"))
        counts.append(len(asked))
    assert counts[0] == counts[1]
    asked.clear()
    make(connect(Options(kubeconfig=str(evicts.config))), Wish(nodes=tuple(made)))
    assert not [one for one in asked if one.startswith("GET") and "/pods/" in one]


def test_every_form_says_the_same(evicts: EvictSite) -> None:
    nodes(evicts)
    on = trained(evicts)
    document = evicts.document("plan", *on)
    assert tuple(document)[:8] == ("apiVersion", "kind", "at", "context", "complete", "hidden", "id", "hash")
    assert (document["kind"], document["complete"]) == ("EvictPlan", True)
    (gang,) = document["gangs"]
    assert {"name", "kind", "pods", "gpus", "grade", "method", "lostGpuHours", "action", "reason"} <= set(gang)
    assert {"gangs", "gpus", "lostGpuHours"} <= set(document["total"])
    again = yaml.safe_load(evicts("plan", *on, "-o", "yaml").out)
    assert (set(again), again["gangs"][0]["kind"]) == (set(document), "JobSet")
    wide = evicts("plan", *on, "-o", "wide").out
    assert gang["id"] in wide and gang["contract"].replace(evicts.namespace, "site") in wide


def test_a_contract_from_a_file(evicts: EvictSite, tmp_path: Path) -> None:
    nodes(evicts)
    evicts.put(job("plain", evicts.namespace))
    evicts.runs("plain", 2)
    on = sorted(evicts.where("plain"))
    assert evicts("plan", *on).code == Exit.REFUSED
    file = tmp_path / "contracts.yaml"
    data = {"gang": "job/plain", "checkpoint": "annotation", "checkpoint-path": "s3://c/plain"}
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "plain"}, "data": data}
    file.write_text(yaml.safe_dump(body))
    (gang,) = evicts.document("plan", *on, "--contract", str(file))["gangs"]
    assert (gang["method"], gang["grade"]) == ("annotation", "A")
