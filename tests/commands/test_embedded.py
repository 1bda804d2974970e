"""`top` on the embedded cluster: real requests over real HTTP."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from k8sai.errors import Exit
from k8sai.sim.cluster import Sim
from tests.commands.run import Ran, environment, read_all, run, terminal


@pytest.fixture(scope="module")
def demo() -> Iterator[Sim]:
    with Sim("demo") as sim:
        yield sim


def top(sim: Sim, folder: Path, *flags: str) -> Ran:
    sim.write_kubeconfig(folder / "config")
    return run("kubectl-ai_top", *flags, env=environment(folder, KUBECONFIG=str(folder / "config")))


def summed(entries: list[dict[str, Any]], key: str) -> float:
    return sum(float(entry[key]) for entry in entries)


def test_the_sums_agree(demo: Sim, tmp_path: Path) -> None:
    ran = top(demo, tmp_path, "-o", "json")
    assert (ran.code, ran.err) == (Exit.OK, "")
    view = json.loads(ran.out)
    assert view["complete"] and len(view["nodes"]) > 40
    for key in ("capacity", "allocatable", "used", "unhealthy"):
        total = view["totals"][key]
        assert summed(view["products"], key) == pytest.approx(total, abs=0.01)
        assert summed([node["totals"] for node in view["nodes"]], key) == pytest.approx(total, abs=0.01)
    assert {pod["namespace"] for pod in view["pods"]} == {group["name"] for group in view["namespaces"]}
    waiting = sum(group["pendingPods"] for group in view["namespaces"])
    assert waiting == len(view["pending"]) > 0
    assert all(pod["reason"] for pod in view["pending"])


def test_every_output_works(demo: Sim, tmp_path: Path) -> None:
    for output in ("table", "wide", "yaml", "csv", "name"):
        ran = top(demo, tmp_path, "-o", output)
        assert ran.code == Exit.OK
        assert "h100-00" in ran.out


def test_no_gpus(tmp_path: Path) -> None:
    with Sim("cpu-only") as sim:
        ran = top(sim, tmp_path, "--once")
        view = json.loads(top(sim, tmp_path, "-o", "json").out)
        everything = top(sim, tmp_path, "--all-nodes", "-o", "name")
    assert (ran.code, ran.out) == (Exit.OK, "")
    assert ran.err.startswith("note: no GPUs in k8sai-sim: none of its 6 nodes offers any and no pod asks for one\n")
    assert view["complete"] and view["nodes"] == [] and view["totals"]["capacity"] == 0
    assert len(everything.out.split()) == 6


def test_hardly_any_rights(tmp_path: Path) -> None:
    with Sim("no-rights") as sim:
        ran = top(sim, tmp_path, "-o", "json")
    assert ran.code == Exit.PARTIAL
    view = json.loads(ran.out)
    assert {"nodes", "pods outside namespace default"} <= {gap["what"] for gap in view["hidden"]}
    assert view["totals"]["capacity"] is None
    assert "`kubectl auth can-i list nodes --context k8sai-sim -A`" in ran.err
    assert ran.err.count("warning: ") == 2, "one sentence for what is denied, one for what is narrowed"


# --- full screen ------------------------------------------------------------------------------------------------------

LEFT = b"\x1b[?1049l"  # the terminal's own screen is back


@pytest.mark.parametrize(("ended", "code"), [("q", Exit.OK), ("\x03", Exit.INTERRUPT), ("", -signal.SIGTERM)])
def test_the_screen_is_given_back(ended: str, code: int, demo: Sim, tmp_path: Path) -> None:
    """However it ends: by its key, by Ctrl-C, by SIGTERM."""
    demo.write_kubeconfig(tmp_path / "config")
    env = environment(tmp_path, KUBECONFIG=str(tmp_path / "config"))
    with terminal("kubectl-ai_top", env=env, columns=120, rows=30) as (process, master):
        shown = b""
        for data in read_all(master):
            shown += data
            if b"h100-00" in shown:
                break
        if ended:
            os.write(master, ended.encode())
        else:
            process.send_signal(signal.SIGTERM)
        after = b"".join(read_all(master))
        assert process.wait(30) == code
    assert LEFT in after
    assert b"Traceback" not in after


def test_a_terminal_that_goes_away_takes_the_screen_with_it(demo: Sim, tmp_path: Path) -> None:
    """Nobody is told by a signal here: the process is no member of the terminal's session."""
    demo.write_kubeconfig(tmp_path / "config")
    env = environment(tmp_path, KUBECONFIG=str(tmp_path / "config"))
    with terminal("kubectl-ai_top", env=env, columns=120, rows=30) as (process, master):
        shown = b""
        for data in read_all(master):
            shown += data
            if b"h100-00" in shown:
                break
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing, master)  # closes the other end of the terminal
        os.close(nothing)
        assert process.wait(30) == -signal.SIGHUP
