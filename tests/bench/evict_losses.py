"""What stopping a gang costs, way by way: a training is played with real moments, and held against the closed form.

`python -m tests.bench.evict_losses` prints the table of docs/evict.md. Nothing here is measured on a clock.
"""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path
from statistics import fmean

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.bench.figures import Figure, Figures

PHASES = 360  # moments in one interval at which the drain comes, evenly spread


@dataclass(frozen=True, slots=True)
class Job:
    """A gang: cards, and seconds between saves, for a restart, for a save, of grace, until an answer is seen.

    `blocks`: its own saves keep the cards from working, else they work on while a save is written.
    """

    gpus: int
    interval: int
    restart: int
    save: int = 0
    blocks: bool = False
    grace: int = 30
    poll: int = 10
    nodes: int = 8

    @property
    def behind(self) -> int:
        """Seconds of work until a checkpoint counts, from the moment whose work it holds."""
        return 0 if self.blocks else self.save


class Training:
    """Cards that work or do not, in seconds. `kept` is the work that the newest durable checkpoint holds, `due` that at
    which the last one was begun. What its own saves take is no loss of a drain: that time is left out.
    """

    def __init__(self, job: Job, phase: float) -> None:
        self.job = job
        self.now = self.work = self.kept = self.due = 0.0
        self.train(job.interval * 2 + job.behind + phase)

    def train(self, seconds: float) -> None:
        """Work so long, and save at every interval."""
        end = self.work + seconds
        while self.due + self.job.interval + self.job.behind <= end:
            self.due += self.job.interval
            self.kept = self.due
        self.now += seconds
        self.work = end

    def stand(self, seconds: float) -> None:
        """Time goes by, the cards do nothing."""
        self.now += seconds

    def save(self) -> None:
        """A checkpoint on request, behind which nobody works."""
        self.stand(self.job.save)
        self.kept = self.work

    def restart(self) -> None:
        """Stopped, and going on from what was kept."""
        self.work = self.due = self.kept
        self.stand(self.job.restart)

    @property
    def lost(self) -> float:
        """GPU-hours that brought nothing."""
        return self.job.gpus * (self.now - self.work) / 3600


def at_once(run: Training) -> None:
    """Deleted, without a word."""
    run.restart()


def node_by_node(run: Training, phases: Callable[[int], float]) -> None:
    """One node after the other, each at some moment: every time the gang begins anew, also on nodes still to come."""
    for node in range(run.job.nodes):
        if node:
            run.train(run.job.interval * 2 + run.job.behind + phases(node))
        run.restart()


def by_term(run: Training) -> None:
    """SIGTERM: it begins to save, and is killed when its grace is over."""
    if run.job.grace >= run.job.save:
        run.save()
    else:
        run.stand(run.job.grace)
    run.restart()


def periodic(run: Training) -> None:
    """Right after the next checkpoint: what is done while it is written is lost."""
    job = run.job
    run.train(run.due + job.interval + job.behind - run.work)
    run.restart()


def asked(run: Training) -> None:
    """Asked, saved, proven, stopped; it holds still from the save on."""
    run.save()
    run.restart()


def asked_and_works_on(run: Training) -> None:
    """The same, but it works on until its answer is seen, and while it saves if it can."""
    moment, job = run.work, run.job
    run.stand(job.save - job.behind)
    run.train(job.behind + job.poll)
    run.kept = max(run.kept, moment)
    run.restart()


@dataclass(frozen=True, slots=True)
class Way:
    """A way to stop, how it is played, and what it costs in seconds of the whole gang, on average."""

    title: str
    play: Callable[[Training, Callable[[int], float]], None]
    mean: Callable[[Job], Fraction]


def _age(job: Job) -> Fraction:
    """Seconds of work since the moment that the newest durable checkpoint holds, any age in an interval as likely."""
    return Fraction(job.interval, 2) + job.behind


def _term(job: Job) -> Fraction:
    cost = Fraction(job.save) if job.grace >= job.save else _age(job) + job.grace
    return cost + job.restart


def _works_on(job: Job) -> Fraction:
    """Seldom a checkpoint of its own comes in between, and is newer still."""
    return job.save + job.poll - Fraction(job.poll**2, 2 * job.interval) + job.restart


WAYS = (
    Way("node by node, 8 nodes", node_by_node, lambda job: job.nodes * (_age(job) + job.restart)),
    Way("deleted once, no save", lambda run, _: at_once(run), lambda job: _age(job) + job.restart),
    Way("SIGTERM, 30 s of grace", lambda run, _: by_term(run), _term),
    Way("right after its next save", lambda run, _: periodic(run), lambda job: Fraction(job.behind + job.restart)),
    Way("asked first, works on", lambda run, _: asked_and_works_on(run), _works_on),
    Way("asked first, pauses", lambda run, _: asked(run), lambda job: Fraction(job.save + job.restart)),
)
JOBS = (
    Job(64, 1800, 300),
    Job(64, 1800, 300, 90, blocks=True),
    Job(64, 1800, 300, 90),
    Job(512, 3600, 600),
    Job(512, 3600, 600, 240),
)


def played(job: Job, way: Way) -> list[float]:
    """GPU-hours lost, for each moment at which the drain may come."""
    step = job.interval / PHASES
    found = []
    for place in range(PHASES):
        run = Training(job, (place + 0.5) * step)
        way.play(run, partial(_phase, step, place))
        found.append(run.lost)
    return found


def _phase(step: float, place: int, node: int) -> float:
    """Another moment for each node; over all places every moment comes as often."""
    return ((place * 7 + node * 53) % PHASES + 0.5) * step


def exact(job: Job, way: Way) -> Fraction:
    """GPU-hours lost on average, by the formula."""
    return job.gpus * way.mean(job) / 3600


def rows() -> Iterator[tuple[Job, Way, float, float]]:
    """Every way for every job: the mean and the most of all moments."""
    for job in JOBS:
        for way in WAYS:
            lost = played(job, way)
            yield job, way, fmean(lost), max(lost)


def said(job: Job) -> str:
    """`64 GPUs, T 30m, R 5m, S 90s, blocks`."""
    text = f"{job.gpus} GPUs, T {job.interval // 60}m, R {job.restart // 60}m, S {job.save}s"
    return f"{text}, blocks" if job.blocks else text


def markdown() -> str:
    """The table of the docs: means, and in brackets the most."""
    found = {(job, way.title): f"{mean:.1f} ({most:.1f})" for job, way, mean, most in rows()}
    lines = ["| | " + " | ".join(said(job) for job in JOBS) + " |", "|---|" + "---:|" * len(JOBS)]
    lines += [f"| {way.title} | " + " | ".join(found[job, way.title] for job in JOBS) + " |" for way in WAYS]
    return "\n".join(lines) + "\n"


def measure() -> Figures:
    """For `make bench`: GPU-hours, as a ratio to a stop without a save, beside the closed form."""
    plain = {job: float(exact(job, WAYS[1])) for job in JOBS}
    lines = [
        Figure(f"{said(job)}: {way.title}", f"{mean:.1f}", f"{mean / plain[job]:.2f}", f"{float(exact(job, way)):.1f}")
        for job, way, mean, _ in rows()
    ]
    return Figures("evict: GPU-hours lost per drain, played; the aim is the closed form", "of no save", lines)


if __name__ == "__main__":
    print(markdown(), end="")
