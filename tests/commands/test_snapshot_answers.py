"""What a file answers: `why` and `fit` say of it what they say of the cluster, and the same again of its codes."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from k8sai.ages import epoch
from k8sai.cluster import recording
from k8sai.cluster.connect import connect
from k8sai.cluster.options import Options
from k8sai.cluster.recording import open_recording
from k8sai.fleet.index import Fleet
from k8sai.scheduling.board import Board
from k8sai.sim.cluster import Sim
from k8sai.snapshot.reading import Taken, read
from k8sai.snapshot.redact import redacted
from k8sai.why.answer import explain
from k8sai.why.scene import Scene
from tests.commands.run import environment, run

Answer = tuple[str, int, tuple[tuple[str, str, str], ...]]


@dataclass(frozen=True)
class Files:
    """One reading of the demo, written as it is and in codes."""

    plain: Path
    coded: Path
    kubeconfig: Path


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Files]:
    folder = tmp_path_factory.mktemp("files")
    found = Files(folder / "plain.gz", folder / "coded.gz", folder / "config")
    with Sim("demo") as sim:
        sim.settled(60)
        sim.write_kubeconfig(found.kubeconfig, "prod")
        connection = connect(Options(kubeconfig=str(found.kubeconfig)))
        taken = read(connection)
        connection.close()
    write(taken, found.plain)
    write(redacted(taken), found.coded)
    yield found


def write(taken: Taken, path: Path) -> None:
    recording.save(
        path, context=taken.context, at=taken.at, objects=taken.facts, others=taken.others, hidden=taken.hidden
    )


def reasons(path: Path) -> Counter[Answer]:
    """Of every waiting pod the code, the exit and what every layer says; in any order, since names differ."""
    recorded, feed, objects = open_recording(path)
    board, fleet = Board(), Fleet()
    feed(board)
    feed(fleet)
    scene = Scene(board, fleet, objects, recorded.sources, epoch(recorded.at))
    found: Counter[Answer] = Counter()
    for pod in fleet.pending():
        why = explain(scene, None, pod.namespace, pod.name)
        found[why.code, why.exit, tuple((layer.layer, layer.status, layer.code) for layer in why.layers)] += 1
    return found


def test_why_says_the_same_of_codes(files: Files) -> None:
    plain = reasons(files.plain)
    assert plain.total() > 10 and len(plain) > 3
    assert reasons(files.coded) == plain


ASKED = {
    "fits": ["--gpus", "8", "--pods", "2"],
    "too many": ["--gpus", "8", "--pods", "90"],
    "in one zone": ["--gpus", "8", "--pods", "9", "--same-zone"],
}


@pytest.mark.parametrize("flags", ASKED.values(), ids=ASKED)
def test_fit_says_the_same_of_codes(flags: list[str], files: Files, tmp_path: Path) -> None:
    answers: list[dict[str, Any]] = []
    for path in (files.plain, files.coded):
        ran = run("kubectl-ai_fit", "--from", path, *flags, "-o", "json", env=environment(tmp_path))
        answers.append({"exit": ran.code, **json.loads(ran.out)})
    plain, coded = answers
    assert (coded["exit"], coded["fits"]) == (plain["exit"], plain["fits"])
    assert [len(answer["placements"]) for answer in answers] == [len(plain["placements"])] * 2
    assert nameless(coded["short"]) == nameless(plain["short"])


def nameless(short: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{key: value for key, value in one.items() if key not in ("names", "nearest")} for one in short]
