"""`evict` on a training of real processes: what is promised is held against the training's own log of its steps."""

import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from k8sai.ages import epoch
from k8sai.evict.workload.k8sai_checkpoint import Mailbox
from k8sai.sim.cluster import Sim
from k8sai.sim.trainer_log import losses
from tests.commands.drained_training import Drained, fast

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="pods of one machine need addresses of their own")
Begin = Callable[..., Drained]
GPUS, RESTART = 16, 20.0  # as the scenario says


@pytest.fixture
def begin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Begin]:
    """Start the scenario with other times, and a word of it replaced; its claims lie in this test's folder."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with ExitStack() as stack:

        def begun(old: str = "llm", new: str = "llm", **times: Any) -> Drained:
            scenario = fast(tmp_path, **times)
            text = scenario.read_text()
            assert old in text
            scenario.write_text(text.replace(old, new))
            return Drained(stack.enter_context(Sim(scenario, processes=True)), tmp_path)

        yield begun


def drained(there: Drained, way: str) -> dict[str, Any]:
    """Drain the first of its nodes; the gang, as it ended."""
    ran = there.document("run", "h200-00", "--yes", "--wait-ready", "50s")
    [gang] = ran["gangs"]
    assert (ran["state"], gang["phase"], gang["stops"], gang["method"]) == ("Done", "Restored", 1, way)
    assert gang["restoredStep"] >= gang["proof"]["step"] > 0
    assert there.nodes() == {"h200-01", "h200-02"}
    return dict(gang)


@pytest.mark.parametrize(
    ("order", "grades"), [("exec,http,signal", "A"), ("http,exec,signal", "AB"), ("signal,exec,http", "B")]
)
def test_a_drain_loses_no_step(begin: Begin, order: str, grades: str) -> None:
    there = begin("exec,http,signal", order)
    there.trains()
    gang = drained(there, order.partition(",")[0])
    assert gang["proof"]["grade"] in grades  # of HTTP: whether its answer comes before the verifying command's
    for rank in (0, 1):
        [lost] = losses(there.claim, rank)
        assert (lost.steps, lost.restored) == (0, gang["restoredStep"])


def test_where_one_way_fails_the_next_one_asks(begin: Begin) -> None:
    there = begin('"request"', '"no-such-verb"', step=0.02, every=200)  # nothing else is saved meanwhile
    there.trains()
    gang = drained(there, "http")
    assert "invalid choice" in gang["tried"][0]
    assert [lost.steps for lost in losses(there.claim)] == [0]


@pytest.mark.parametrize(("step", "steps"), [(0.02, 150), (0.05, 80), (0.1, 50)])
def test_a_plan_knows_what_a_kill_costs(begin: Begin, step: float, steps: int) -> None:
    there = begin(step=step, every=0, save=0.0)
    there.until(there.nodes)
    mail = Mailbox(there.claim)
    mail.ask({"id": "r1", "after": "continue"})
    saved = there.until(lambda: there.told() if there.told().get("complete") else {})
    there.until(lambda: there.steps(after=int(saved["step"]) + steps))
    plan = there.document("plan", "h200-00")
    there.kill()
    there.until(lambda: losses(there.claim))
    [lost] = losses(there.claim)
    assert lost.restored == saved["step"]
    now = plan["total"]["lostNow"]
    assert (now["low"], now["high"], now["open"]) == (now["best"], now["best"], False)
    killed = next(one["time"] for one in there.log("step") if one["step"] == lost.done)
    planned = now["best"] * 3600 / GPUS - RESTART + killed - epoch(plan["at"])
    assert planned / (lost.seconds / lost.steps) == pytest.approx(lost.steps, rel=0.05)
    assert lost.steps > steps
