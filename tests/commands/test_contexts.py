"""Several clusters in one view: two that answer, one that refuses, one that never answers, one that forbids."""

import csv
import io
import json
import os
import signal
import socket
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import yaml

from k8sai.errors import Exit
from k8sai.sim.cluster import Sim
from tests.commands.run import Ran, environment, read_all, run, terminal

DEAD = "http://127.0.0.1:1"


@pytest.fixture(scope="module")
def mute() -> Iterator[str]:
    """A server that takes every connection and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


@pytest.fixture(scope="module")
def config(mute: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A kubeconfig with the contexts demo, spare, denied, dead and mute."""
    with Sim("demo") as demo, Sim("cpu-only") as spare, Sim("no-rights") as denied:
        demo.settled(60)
        found: dict[str, Any] = {"apiVersion": "v1", "kind": "Config", "clusters": [], "users": [], "contexts": []}
        for name, sim in (("demo", demo), ("spare", spare), ("denied", denied)):
            one = yaml.safe_load(sim.kubeconfig_text(name))
            for key in ("clusters", "users", "contexts"):
                found[key] += one[key]
        for name, server in (("dead", DEAD), ("mute", mute)):
            found["clusters"].append({"name": name, "cluster": {"server": server}})
            found["users"].append({"name": name, "user": {"token": "t"}})
            found["contexts"].append({"name": name, "context": {"cluster": name, "user": name}})
        path = tmp_path_factory.mktemp("several") / "config"
        path.write_text(json.dumps(found))
        yield path


def top(config: Path, folder: Path, contexts: str, *flags: str) -> Ran:
    named = [word for context in contexts.split() for word in ("--context", context)]
    return run("kubectl-ai_top", *named, *flags, env=environment(folder, KUBECONFIG=str(config)))


def view(ran: Ran) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(ran.out)
    return found


def test_totals_per_cluster_then_products_of_all_then_nodes(config: Path, tmp_path: Path) -> None:
    ran = top(config, tmp_path, "demo spare", "--once")
    assert (ran.code, ran.err) == (Exit.OK, "")
    head, clusters, products, nodes, waiting = ran.out.split("\n\n")
    assert head.startswith("2 clusters at ") and ": 313.71 cards, " in head
    assert [line.split()[0] for line in clusters.splitlines()] == ["CLUSTER", "demo", "spare", "all"]
    assert products.startswith("PRODUCT")
    assert nodes.splitlines()[0].split()[:2] == ["CLUSTER", "NODE"]
    assert {line.split()[0] for line in nodes.splitlines()[1:]} == {"demo"}
    assert waiting.splitlines()[0].split()[:2] == ["CLUSTER", "NAMESPACE"]


def test_the_document_has_a_view_per_cluster_and_their_sum(config: Path, tmp_path: Path) -> None:
    ran = top(config, tmp_path, "demo spare", "-o", "json")
    assert (ran.code, ran.err) == (Exit.OK, "")
    found = view(ran)
    assert (found["kind"], found["complete"], found["hidden"]) == ("GpuViewList", True, [])
    assert (found["asked"], found["answered"]) == (2, 2)
    assert [(item["kind"], item["context"]) for item in found["items"]] == [("GpuView", "demo"), ("GpuView", "spare")]
    for key in ("capacity", "used", "pending"):
        of_all = sum(item["totals"][key] for item in found["items"])
        assert found["totals"][key] == pytest.approx(of_all)
        assert sum(product[key] for product in found["products"]) == pytest.approx(of_all, abs=0.01)


def test_the_same_product_of_two_clusters_is_one_line(config: Path, tmp_path: Path) -> None:
    """The same cluster under another name: every figure twice."""
    twice = yaml.safe_load(config.read_text())
    twice["contexts"].append({**twice["contexts"][0], "name": "again"})
    other = tmp_path / "twice"
    other.write_text(json.dumps(twice))
    found = view(top(other, tmp_path, "demo again", "-o", "json"))
    once = found["items"][0]["products"]
    assert [product["name"] for product in found["products"]] == [product["name"] for product in once]
    assert [product["capacity"] for product in found["products"]] == pytest.approx([2 * p["capacity"] for p in once])


def test_who_does_not_answer_is_a_row_and_holds_nobody_up(config: Path, tmp_path: Path) -> None:
    ran = top(config, tmp_path, "demo dead mute", "--by", "cluster", "--request-timeout", "2s")
    assert ran.code == Exit.PARTIAL
    demo, dead, mute, all_of_them = (line.split() for line in ran.out.splitlines()[1:])
    assert demo[:2] == ["demo", "313.71"] and demo[-1] == "ok"
    assert dead[:8] == ["dead", *"???????"]
    assert " ".join(dead[8:]).startswith(f"not answering: {DEAD} refuses the connection")
    assert mute[:8] == ["mute", *"???????"]
    assert " ".join(mute[8:10]) == "not answering:"
    assert all_of_them[:2] == ["all", "313.71"]
    assert " ".join(all_of_them[-4:]) == "1 of 3 answered"
    assert "warning: dead is not answering" in ran.err and "warning: mute is not answering" in ran.err


def test_what_is_unknown_is_null_in_the_document(config: Path, tmp_path: Path) -> None:
    ran = top(config, tmp_path, "demo dead", "-o", "json")
    assert ran.code == Exit.PARTIAL
    found = view(ran)
    demo, dead = found["items"]
    assert not found["complete"] and (found["asked"], found["answered"]) == (2, 1)
    assert [(gap["context"], gap["what"]) for gap in found["hidden"]] == [("dead", "cluster")]
    assert set(dead["totals"].values()) <= {None, 0} and dead["totals"]["capacity"] is None
    assert (dead["complete"], dead["nodes"]) == (False, [])
    assert found["totals"]["capacity"] == demo["totals"]["capacity"]


def test_nobody_answers(config: Path, tmp_path: Path) -> None:
    ran = top(config, tmp_path, "dead mute", "--by", "cluster", "--request-timeout", "1s")
    assert ran.code == Exit.CLUSTER
    assert ran.out.splitlines()[-1].split()[:3] == ["all", "?", "?"]


def test_what_one_cluster_forbids_is_said_of_that_one(config: Path, tmp_path: Path) -> None:
    ran = top(config, tmp_path, "demo denied", "--by", "cluster")
    assert ran.code == Exit.PARTIAL
    assert ran.out.splitlines()[2].split()[:4] == ["denied", "?", "0", "?"]
    assert "warning: denied: nodes, " in ran.err and "warning: demo" not in ran.err


def test_all_contexts(config: Path, tmp_path: Path) -> None:
    ran = top(config, tmp_path, "", "--all-contexts", "--by", "cluster", "--request-timeout", "2s")
    assert ran.code == Exit.PARTIAL
    first = [line.split()[0] for line in ran.out.splitlines()]
    assert first == ["CLUSTER", "demo", "spare", "denied", "dead", "mute", "all"]


def test_lists_have_the_cluster_in_front(config: Path, tmp_path: Path) -> None:
    ran = top(config, tmp_path, "demo spare", "--by", "pending", "--no-headers")
    assert ran.code == Exit.OK
    assert {line.split()[0] for line in ran.out.splitlines()} == {"demo"}
    rows = list(csv.DictReader(io.StringIO(top(config, tmp_path, "demo spare", "-o", "csv").out)))
    assert {row["context"] for row in rows} == {"demo"} and "h100-00" in {row["node"] for row in rows}
    names = top(config, tmp_path, "demo spare", "-o", "name", "--by", "cluster").out
    assert names == "demo\tcluster/demo\nspare\tcluster/spare\n"
    assert "demo\tnode/h100-00\n" in top(config, tmp_path, "demo spare", "-o", "name").out


def test_a_node_is_found_where_it_is(config: Path, tmp_path: Path) -> None:
    found = view(top(config, tmp_path, "demo spare", "h100-00", "-o", "json"))
    assert [[node["name"] for node in item["nodes"]] for item in found["items"]] == [["h100-00"], []]
    assert found["totals"]["capacity"] == 8
    ran = top(config, tmp_path, "demo spare", "nosuch", "--once")
    assert ran.code == Exit.NOT_FOUND and "none of the 2 clusters has a node 'nosuch'" in ran.err


def test_one_cluster_may_be_a_list_too(config: Path, tmp_path: Path) -> None:
    assert top(config, tmp_path, "demo", "--by", "cluster").out.splitlines()[1].split()[0] == "demo"
    assert view(top(config, tmp_path, "demo demo", "-o", "json"))["kind"] == "GpuView", "twice the same is one"


REFUSED: dict[str, tuple[str, list[str], int, str]] = {
    "unknown": ("demo demq", ["--once"], Exit.NOT_FOUND, "the kubeconfig has no context 'demq'"),
    "server": ("demo spare", ["--server", "http://x", "--once"], Exit.USAGE, "--server is of one cluster"),
    "token": ("demo spare", ["--token", "x", "--once"], Exit.USAGE, "--token is of one cluster"),
    "recording": ("demo spare", ["--from", "x"], Exit.USAGE, "--from reads no cluster"),
    "all and one": ("demo", ["--all-contexts"], Exit.USAGE, "--all-contexts are all"),
    "names while watching": ("demo spare", ["-w", "h100-00"], Exit.USAGE, "names mean nothing"),
}


@pytest.mark.parametrize(("contexts", "flags", "code", "sentence"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_meant(
    contexts: str, flags: list[str], code: int, sentence: str, config: Path, tmp_path: Path
) -> None:
    ran = top(config, tmp_path, contexts, *flags)
    assert (ran.code, ran.out) == (code, "")
    assert sentence in ran.err


def test_other_commands_ask_one_cluster(config: Path, tmp_path: Path) -> None:
    env = environment(tmp_path, KUBECONFIG=str(config))
    ran = run("kubectl-ai_snapshot", "save", "--context", "demo", "--context", "spare", env=env)
    assert ran.code == Exit.USAGE
    assert "2 contexts were named: demo, spare" in ran.err
    assert run("kubectl-ai_snapshot", "save", "--context", "spare", "-o", tmp_path / "s.gz", env=env).code == Exit.OK


def lines(config: Path, folder: Path, contexts: str, *flags: str, until: tuple[bytes, ...]) -> tuple[str, int]:
    """What a watch says until all of it was said; then it is interrupted."""
    named = [word for context in contexts.split() for word in ("--context", context)]
    env = environment(folder, KUBECONFIG=str(config), NO_COLOR="1")
    with terminal("kubectl-ai_top", "-w", *named, *flags, env=env, columns=300) as (process, master):
        shown = b""
        for data in read_all(master):
            shown += data
            if all(one in shown for one in until) and shown.endswith(b"\n"):  # not in the middle of a line
                os.kill(process.pid, signal.SIGINT)
                until = ()
        return shown.decode(), process.wait(60)


def test_watching_says_whose_line_it_is(config: Path, tmp_path: Path) -> None:
    wanted = (b"\ndemo 2", b"spare 2", b"dead is not answering")
    shown, code = lines(config, tmp_path, "dead demo spare", until=wanted)
    assert code == Exit.INTERRUPT
    told = [line for line in shown.splitlines() if " cards, " in line]
    assert {line.split()[0] for line in told} == {"demo", "spare"}


def test_the_screen_shows_them_all(config: Path, tmp_path: Path) -> None:
    named = ["--context", "demo", "--context", "dead", "--context", "spare"]
    env = environment(tmp_path, KUBECONFIG=str(config))
    with terminal("kubectl-ai_top", *named, env=env, columns=160, rows=40) as (process, master):
        shown = b""
        for data in islice(read_all(master), 150):  # a screen paints on; one that never shows it shall not hang a test
            shown += data
            if b"1 of 3" in shown and b"not answering" in shown and b"307.71" in shown:
                os.write(master, b"q")
        assert process.wait(60) == Exit.OK
    assert b"spare" in shown


def test_watching_documents_say_it_themselves(config: Path, tmp_path: Path) -> None:
    shown, _ = lines(config, tmp_path, "demo spare", "-o", "json", until=(b'"context":"demo"', b'"context":"spare"'))
    documents = [json.loads(line) for line in shown.splitlines() if line.startswith("{") and line.endswith("}")]
    assert {one["context"] for one in documents} == {"demo", "spare"}
