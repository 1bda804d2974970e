"""The simulated drains: played moment by moment they cost what the formula says, and the docs say the same numbers."""

from pathlib import Path

import pytest

from k8sai.evict.facts import Ack, Contract
from k8sai.evict.planning.loss import after_save, loss, since
from tests.bench import evict_losses
from tests.bench.evict_losses import JOBS, WAYS, Job, Training, Way, exact, played, said
from tests.bench.run import PARTS

DOCS = Path(__file__).parents[2] / "docs" / "evict.md"
BY_TITLE = {way.title: way for way in WAYS}
NOW = 1_800_000_000.0


def mean(job: Job, way: Way) -> float:
    lost = played(job, way)
    return sum(lost) / len(lost)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.title)
@pytest.mark.parametrize("job", JOBS, ids=said)
def test_what_was_played_is_what_the_formula_says(job: Job, way: Way) -> None:
    assert mean(job, way) == pytest.approx(float(exact(job, way)), rel=1e-9)


@pytest.mark.parametrize(
    ("job", "title", "hours"),
    [
        (Job(64, 1800, 300), "deleted once, no save", 21.3),
        (Job(64, 1800, 300), "asked first, pauses", 5.3),
        (Job(64, 1800, 300), "node by node, 8 nodes", 170.7),
        (Job(512, 3600, 600), "deleted once, no save", 341.3),
        (Job(512, 3600, 600), "asked first, pauses", 85.3),
        (Job(64, 1800, 300, 90, blocks=True), "SIGTERM, 30 s of grace", 21.9),
    ],
)
def test_the_numbers_that_are_known(job: Job, title: str, hours: float) -> None:
    assert round(mean(job, BY_TITLE[title]), 1) == hours


@pytest.mark.parametrize("job", [job for job in JOBS if not job.blocks], ids=said)
def test_the_plan_says_beforehand_what_is_lost_on_average(job: Job) -> None:
    """Of a gang that only says how often it saves, and how long that takes."""
    contract = Contract(interval=job.interval, last=Ack(seconds=job.save))
    told = loss(job.gpus, NOW, since(0, contract, NOW), restart=job.restart)
    lost = played(job, BY_TITLE["deleted once, no save"])
    assert told.best == pytest.approx(mean(job, BY_TITLE["deleted once, no save"]))
    assert told.low <= min(lost) and max(lost) <= told.high


@pytest.mark.parametrize("job", JOBS, ids=said)
def test_the_plan_says_exactly_what_a_gang_loses_that_dates_its_checkpoints(job: Job) -> None:
    for phase in (0.5, 700.0, 1799.0):
        run = Training(job, phase)
        contract = Contract(last=Ack(complete=True, snapshot=NOW - (run.work - run.kept), time=NOW))
        told = loss(job.gpus, NOW, since(0, contract, NOW), restart=job.restart)
        BY_TITLE["deleted once, no save"].play(run, lambda node: 0.0)
        assert told.best == pytest.approx(run.lost)


@pytest.mark.parametrize("job", JOBS, ids=said)
def test_the_plan_says_what_a_save_on_request_costs(job: Job) -> None:
    pauses = after_save(job.gpus, job.save, pauses=True, restart=job.restart)
    assert pauses.best == pytest.approx(mean(job, BY_TITLE["asked first, pauses"]))
    goes_on = after_save(job.gpus, job.save, pauses=False, restart=job.restart, poll=job.poll)
    assert goes_on.low <= mean(job, BY_TITLE["asked first, works on"]) <= goes_on.high


def test_the_docs_show_the_table() -> None:
    assert evict_losses.markdown() in DOCS.read_text(encoding="utf-8")


def test_make_bench_knows_it() -> None:
    assert PARTS["evict_losses"] is evict_losses.measure
    assert len(evict_losses.measure().lines) == len(JOBS) * len(WAYS)
