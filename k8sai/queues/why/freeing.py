"""Who must end so that a waiting workload fits: first by quota alone, then judged with all that Kueue looks at."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from k8sai.queues.facts import ClusterQueue
from k8sai.queues.verdict import Option
from k8sai.queues.why.finding import Fix
from k8sai.queues.why.holders import Holder, held
from k8sai.queues.why.look import Look
from k8sai.queues.why.quota import deciding, pressing
from k8sai.queues.workload import Workload

_HOLDERS: Final = 24  # that are tried one by one
_TOGETHER: Final = 6  # that are waited for at once; more is no advice

Ways = tuple[tuple[Holder, ...], ...]


def ways(look: Look) -> Ways:
    """Each holder that suffices alone; else the fewest of the largest, together. () where none of that would do."""
    option = pressing(look.judged, look.queue) if look.judged is not None and look.queue is not None else None
    line = deciding(option) if option is not None else None
    if option is None or line is None or look.workload is None or look.queue is None:
        return ()
    trial = _Trial(look, look.workload, look.queue, option)
    holders = [one for part in held(look, line.share) for one in part.holders][:_HOLDERS]
    alone = tuple((one,) for one in holders if trial.fits([one]))
    if alone:
        return alone
    several = (holders[:count] for count in range(2, min(len(holders), _TOGETHER) + 1))
    together = next((some for some in several if trial.fits(some)), None)
    return (tuple(trial.needed(together)),) if together else ()


class _Trial:
    """The workload, judged after some holders have ended."""

    def __init__(self, look: Look, workload: Workload, queue: ClusterQueue, option: Option) -> None:
        self._look, self._workload, self._queue, self._option = look, workload, queue, option

    def fits(self, ended: Sequence[Holder]) -> bool:
        tree = self._look.tree.without(one.workload for one in ended)
        node = tree.queues[self._queue.name]
        if any(tree.available(node, line.share) < line.need for line in self._option.lines):
            return False  # the whole judgement is needed only where there is room
        gone = {one.workload.ref for one in ended}
        left = {ref: one for ref, one in self._look.setting.workloads.items() if ref not in gone}
        judge = self._look.judge(replace(self._look.setting, workloads=left), tree)
        return judge.of(self._workload, self._queue, reasons=False).fits

    def needed(self, holders: Sequence[Holder]) -> list[Holder]:
        """Without those that make no difference."""
        left = list(holders)
        for one in reversed(holders):
            rest = [other for other in left if other is not one]
            if self.fits(rest):
                left = rest
        return left


def wait_fixes(found: Ways) -> Iterator[Fix]:
    """`wait for eval-grid`, any of which will do; or all of them."""
    if len(found) == 1 and len(found[0]) > 1:
        names = [one.workload.title for one in found[0]]
        yield Fix("either", f"wait for {', '.join(names[:-1])} and {names[-1]} to end")
    elif found:
        names = [one[0].workload.title for one in found[:3]]
        more = f" or {len(found) - 3} more" if len(found) > 3 else ""
        yield Fix("either", f"wait for {' or '.join(names)}{more} to end")
