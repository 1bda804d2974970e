"""`top -w`: a line or a document per change, across a restart of the API server, until Ctrl-C."""

import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Timer
from typing import IO
from urllib.request import Request, urlopen

import msgspec
import pytest

from k8sai.cluster.sources import Source
from k8sai.commands._watch import Follower
from k8sai.facts import Node, Pod
from k8sai.fleet.index import Fleet
from k8sai.fleet.picture import Scope
from k8sai.fleet.query import PodQuery
from k8sai.sim.cluster import Sim
from tests.commands.relay import Relay
from tests.commands.run import BIN, environment
from tests.commands.server import write_kubeconfig
from tests.fleet.facts_by_hand import fleet_of, node, pod
from tests.fleet.small import fleet, items
from tests.fleet.test_identity import holds
from tests.fleet.test_idle import BUSY, QUIET
from tests.fleet.test_idle import look as judge


@dataclass
class Fed:
    """A feed whose sources a test sets."""

    context: str = "prod"
    kinds: list[Source] = field(default_factory=lambda: [Source("nodes", "live", 7), Source("pods", "live", 9)])

    def sources(self) -> tuple[Source, ...]:
        return tuple(self.kinds)


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What was printed since the last call, without the time."""
    return [line.partition(" ")[2] for line in capsys.readouterr().out.splitlines()]


def bind(filled: Fleet, name: str, node: str) -> None:
    pod = items()[name]
    pod["spec"]["nodeName"] = node
    filled.put("pods", msgspec.convert(pod, Pod))


@pytest.mark.parametrize("plain", [True, False])
def test_plain_lines_have_no_colour(
    plain: bool, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLICOLOR_FORCE", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    filled = fleet(items())
    follower = Follower(filled, Fed(), Scope(), documents=False, plain=plain)
    follower.step()
    bind(filled, "eval-0", "gpu-h2")
    follower.step()
    said = capsys.readouterr().out
    assert ("\x1b" in said) is not plain
    assert said.isascii()


def test_a_line_per_change_and_the_totals_after_them(capsys: pytest.CaptureFixture[str]) -> None:
    filled = fleet(items())
    follower = Follower(filled, Fed(), Scope(), documents=False)
    follower.step()
    (first,) = lines(capsys)
    assert first.startswith("prod: 38 cards, 17.04 used, ")
    follower.step()
    assert lines(capsys) == [], "nothing changed"
    bind(filled, "eval-0", "gpu-h2")
    follower.step()
    change, after = lines(capsys)
    assert change == "pod team-llm/eval-0 bound to gpu-h2, 1 card"
    assert after.startswith("prod: 38 cards, 18.04 used, ")


def test_a_change_that_is_none_for_gpus(capsys: pytest.CaptureFixture[str]) -> None:
    filled = fleet(items())
    follower = Follower(filled, Fed(), Scope(), documents=False)
    follower.step()
    capsys.readouterr()
    node = items()["gpu-h1"]
    node["metadata"]["labels"]["note"] = "new"
    filled.put("nodes", msgspec.convert(node, Node))
    follower.step()
    assert lines(capsys) == []


def test_cards_that_begin_to_idle_and_work_again(capsys: pytest.CaptureFixture[str]) -> None:
    filled = fleet_of(node(), pod("a", 2, "n1", status=holds("GPU-0", "GPU-1")))
    follower = Follower(filled, Fed(), Scope(), documents=False)
    judge(filled, {"GPU-0": BUSY, "GPU-1": BUSY})
    follower.step()
    capsys.readouterr()
    judge(filled, {"GPU-0": QUIET, "GPU-1": BUSY})
    follower.step()
    assert lines(capsys)[0] == "pod team-a/a 1 of 2 cards idle, was 0"
    judge(filled, {"GPU-0": BUSY, "GPU-1": BUSY})
    follower.step()
    assert lines(capsys)[0] == "pod team-a/a 0 of 2 cards idle, was 1"
    judge(filled, {"GPU-0": BUSY, "GPU-1": BUSY})
    follower.step()
    assert lines(capsys) == []


def test_a_namespace_narrows_the_pods_told(capsys: pytest.CaptureFixture[str]) -> None:
    filled = fleet(items())
    follower = Follower(filled, Fed(), Scope(pods=PodQuery(namespace="serving")), documents=False)
    follower.step()
    capsys.readouterr()
    bind(filled, "eval-0", "gpu-h2")
    follower.step()
    assert lines(capsys) == []
    filled.drop("pods", msgspec.convert(items()["chat-0"], Pod))
    follower.step()
    assert lines(capsys)[0] == "pod serving/chat-0 gone from gpu-t1, 0.75 cards given back"


def test_documents(capsys: pytest.CaptureFixture[str]) -> None:
    filled, fed = fleet(items()), Fed()
    follower = Follower(filled, fed, Scope(), documents=True)
    follower.step()
    bind(filled, "eval-0", "gpu-h2")
    follower.step()
    fed.kinds = [Source("nodes", "retrying", 7, message="refused"), Source("pods", "live", 9)]
    follower.step()
    view, change, lost = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert view["kind"] == "GpuView" and view["totals"]["capacity"] == 38
    assert {key: change[key] for key in ("apiVersion", "kind", "context", "complete", "change", "what")} == {
        "apiVersion": "k8sai.dev/v1alpha1",
        "kind": "GpuChange",
        "context": "prod",
        "complete": True,
        "change": "PodBound",
        "what": "pod team-llm/eval-0",
    }
    assert change["object"]["node"] == "gpu-h2" and change["object"]["cards"] == 1
    assert json.dumps(change["object"]["requests"]) == '{"nvidia.com/gpu": 1}'
    assert change["totals"]["used"] > view["totals"]["used"]
    assert (lost["change"], lost["object"]["kinds"], lost["complete"]) == ("SourceLost", ["nodes"], False)


def test_it_rests_longer_than_it_works(monkeypatch: pytest.MonkeyPatch) -> None:
    """A look that takes a second is followed by nine seconds of rest: other people use this machine."""
    clock = iter([0.0, 1.0, 10.0, 10.001])
    monkeypatch.setattr("k8sai.commands._watch.time.monotonic", lambda: next(clock))
    rests: list[float] = []

    def rest(seconds: float) -> None:
        rests.append(round(seconds, 3))
        if len(rests) == 2:
            raise KeyboardInterrupt

    follower = Follower(Fleet(), Fed(), Scope(), documents=True, rest=rest)
    monkeypatch.setattr(follower, "step", lambda: None)
    with pytest.raises(KeyboardInterrupt):
        follower.run()
    assert rests == [9.0, 0.2]


# --- the process ------------------------------------------------------------------------------------------------------


@contextmanager
def watching(tmp_path: Path, config: Path, *flags: str) -> Iterator[tuple[subprocess.Popen[str], IO[str]]]:
    env = environment(tmp_path, KUBECONFIG=str(config))
    argv = [str(BIN / "kubectl-ai_top"), "-w", *flags]
    with subprocess.Popen(argv, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        limit = Timer(60, process.kill)
        limit.start()
        try:
            yield process, process.stdout
        finally:
            limit.cancel()
            process.kill()


def until(out: IO[str], *wanted: str) -> str:
    """The line with the last of the texts that was missing; they may come in any order."""
    missing = set(wanted)
    for line in out:
        missing -= {text for text in missing if text in line}
        if not missing:
            return line
    pytest.fail(f"never told: {missing}")


def cordon(server: str, node: str) -> None:
    patch = Request(
        f"{server}/api/v1/nodes/{node}",
        data=b'{"spec": {"unschedulable": true}}',
        headers={"Content-Type": "application/merge-patch+json"},
        method="PATCH",
    )
    with urlopen(patch) as answer:
        assert answer.status == 200


def test_a_server_that_is_away_for_a_while(tmp_path: Path) -> None:
    """What changed meanwhile is told when it is back; the process goes on as if nothing had been."""
    config = tmp_path / "config"
    with Sim("demo") as sim, Relay(sim.server) as relay:
        write_kubeconfig(config, relay.url)
        with watching(tmp_path, config) as (process, out):
            until(out, "test: ")
            relay.cut()
            assert "lost, what is known may be old" in until(out, "source ")
            cordon(sim.server, "h100-10")
            relay.mend()
            until(out, "recovered", "node h100-10 cordoned, 8 cards free")
            process.send_signal(signal.SIGINT)
            rest, errors = process.communicate()
    assert (process.returncode, errors) == (130, "")
    assert "Traceback" not in rest


def test_a_reader_that_left(tmp_path: Path) -> None:
    """`kubectl ai-top -w -o json | head -1` ends by itself with the next change."""
    config = tmp_path / "config"
    with Sim("demo", speed=100) as sim:
        sim.write_kubeconfig(config)
        with watching(tmp_path, config, "-o", "json") as (process, out):
            assert json.loads(out.readline())["kind"] == "GpuView"
            out.close()
            assert process.stderr is not None
            assert process.stderr.read() == ""
            assert process.wait() == 0
