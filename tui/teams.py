"""The Teams pane: what each namespace or queue holds, asks for and may have."""

from collections.abc import Mapping, Sequence
from math import isnan
from typing import Any

from k8sai.errors import Forbidden, K8saiError, Usage
from k8sai.fleet.answers import Total
from k8sai.fleet.quotas import Quota, gpu_quotas
from k8sai.fleet.tables import amount
from k8sai.tui.background import in_thread
from k8sai.tui.blank import pods_missing
from k8sai.tui.columns import Field
from k8sai.tui.desk import Desk
from k8sai.tui.glyphs import meter
from k8sai.tui.ink import Line, Run
from k8sai.tui.keymap import Key
from k8sai.tui.kin import whole
from k8sai.tui.matching import matcher
from k8sai.tui.subject import Subject
from k8sai.tui.table_pane import TablePane
from k8sai.tui.words import blank_zero, clean, share

_METER = 20  # cells
_FRESH = 30.0  # seconds that quotas are believed
_GROUPS = ("namespace", "queue")


class Teams(TablePane):
    """A line per namespace, or per queue."""

    stem = "teams"
    title = "Teams"
    words = ("team", "tm", "namespaces")
    about = "what each namespace or queue holds, asks for and may have"
    own_keys = (Key("t", "t", "teams are namespaces, or queues", "Look", "group", "Namespaces or queues"),)
    sorts_first = "used"
    finds_trouble = True
    fields = (
        Field("TEAM", least=16, most=40, stretch=True, sort="name", letter="N"),
        Field("", rank=2, least=_METER, most=_METER),
        Field("USED", "right", least=5, sort="used", letter="U", falling=True),
        Field("SHARE", "right", rank=1, least=4),
        Field("PENDING", "right", rank=1, most=9, sort="pending", letter="E", falling=True),
        Field("WAITING", "right", rank=4, most=9, sort="waiting", letter="W", falling=True),
        Field("RESERVED", "right", rank=6, most=9),
        Field("ENDING", "right", rank=5, most=9),
        Field("IDLE", "right", rank=3, most=9, sort="idle", letter="I", falling=True),
        Field("PODS", "right", rank=5, most=9, sort="pods", letter="P", falling=True),
        Field("QUOTA", rank=3, least=7, most=30, stretch=True),
    )

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.group = _GROUPS[0]
        self.rows: dict[str, Total] = {}
        self.quotas: Mapping[str, tuple[Quota, ...]] | None = None  # not known, or not yet
        self.unread = ""  # why
        self._idle: dict[str, float] = {}
        self._asked_at = float("-inf")

    @property
    def namespaced(self) -> bool:  # type: ignore[override]  # a queue takes of many namespaces
        return self.group == "namespace"

    @property
    def _only(self) -> str:
        """The one namespace that is shown, or "" for all."""
        return self.desk.namespace if self.namespaced else ""

    # --- rows ---------------------------------------------------------------------------------------------------------

    def order(self) -> Sequence[str]:
        if self.filter.labels:
            raise Usage("teams have no labels: filter them by name")
        matches = matcher(self.filter.text)
        totals = self.desk.namespaces() if self.group == "namespace" else self.desk.queues()
        self._idle = self._idle_by_team()
        found = [one for one in totals if self._only in ("", one.name) and matches(one.name)]
        if self.only_trouble:
            found = [one for one in found if one.pending_pods or one.figures.terminating or self._full(one.name)]
        found.sort(key=lambda one: _ORDERS[self.sort](one, self._idle), reverse=self.reverse)
        self.rows = {one.name: one for one in found}
        return list(self.rows)

    def cells(self, key: str) -> tuple[Line, ...]:
        total = self.rows[key]
        figures, whole = total.figures, self.desk.totals().allocatable
        ink = self.desk.tints.named(self.group, total.name) if self.desk.tint in (self.group, "state") else "plain"
        bar = "key" if ink == "plain" else ink
        parts = ((figures.used - figures.terminating, bar), (figures.terminating, "warn"))
        return (
            ((clean(total.name) or "none", ink),),
            meter(() if isnan(figures.used) else parts, whole, _METER, self.desk.glyphs),
            ((amount(figures.used), "plain"),),
            ((share(figures.used, whole), "plain"),),
            ((blank_zero(figures.pending), "warn"),),
            ((blank_zero(total.pending_pods), "warn"),),
            ((blank_zero(figures.reserved), "plain"),),
            ((blank_zero(figures.terminating), "plain"),),
            ((blank_zero(self._idle.get(total.name, 0.0)), "warn"),),
            ((blank_zero(total.pods), "dim"),),
            self._quota(total.name),
        )

    def _quota(self, name: str) -> Line:
        """What it may have: the limit with the least left, then the others."""
        if self.group != "namespace":
            return ()
        if self.quotas is None:
            return (("?", "dim"),)
        runs: list[Run] = []
        for quota in self.quotas.get(name, ()):
            runs += [(" ", "plain")] if runs else []
            runs += [
                (f"{amount(quota.used)}/{amount(quota.hard)}", "warn" if quota.full else "plain"),
                (f" {clean(quota.limits.rpartition('/')[2])}", "dim"),
            ]
        return tuple(runs)

    def _full(self, name: str) -> bool:
        return self.group == "namespace" and any(quota.full for quota in (self.quotas or {}).get(name, ()))

    def _idle_by_team(self) -> dict[str, float]:
        found = self.desk.fleet.idle()
        sums: dict[str, float] = {}
        for held in found.held if found is not None else ():
            name = held.namespace if self.group == "namespace" else held.queue
            sums[name] = sums.get(name, 0.0) + held.idle
        return sums

    # --- keys ---------------------------------------------------------------------------------------------------------

    def action_group(self) -> None:
        """Namespaces, or queues."""
        self.group = _GROUPS[(_GROUPS.index(self.group) + 1) % len(_GROUPS)]
        self.marked.clear()
        self.reorder(forget=True)

    def choose(self, key: str) -> None:
        self.post_message(self.Go("workloads", **{self.group: key}))

    def subject_at(self, key: str) -> Subject | None:
        return Subject("namespaces", "", key) if self.group == "namespace" else None

    def subject_line(self) -> Line:
        runs: list[Run] = [*super().subject_line()]
        if not self._only:
            runs.append((f" {self.group}s", "dim"))
        if self.unread and self.group == "namespace" and self.desk.objects is not None:
            runs += [(f" {self.desk.glyphs.dot} ", "dim"), (f"quotas: {clean(self.unread)}", "warn")]
        return tuple(runs)

    def missing(self, width: int, height: int) -> Sequence[Line]:
        who = f"Namespace {self._only} neither holds nor asks" if self._only else f"No {self.group} holds or asks"
        return pods_missing(self.desk, f"{who} for a GPU", width, height)

    # --- quotas -------------------------------------------------------------------------------------------------------

    def arrive(self, subject: Mapping[str, str]) -> None:
        super().arrive(subject)
        self._ask()

    def tick(self) -> None:
        super().tick()
        self._ask()

    def _ask(self) -> None:
        """Read quotas beside the screen, now and then while it is looked at."""
        now = self.desk.now()
        if now - self._asked_at >= _FRESH:
            self._asked_at = now
            self.run_worker(self._read_quotas(), group="quotas", exclusive=True)

    async def _read_quotas(self) -> None:
        try:
            self.quotas, self.unread = await in_thread(self._listed), ""
        except K8saiError as error:
            self.quotas, self.unread = None, error.message
            if isinstance(error, Forbidden):
                self._asked_at = float("inf")  # rights do not come back by asking
        self.repaint()

    def _listed(self) -> dict[str, tuple[Quota, ...]]:
        return gpu_quotas(whole(self.desk).list("resourcequotas"))

    # --- what survives a restart --------------------------------------------------------------------------------------

    def remember(self) -> dict[str, Any]:
        return {**super().remember(), "group": self.group}

    def recall(self, kept: Mapping[str, Any]) -> None:
        super().recall(kept)
        if kept.get("group") in _GROUPS:
            self.group = str(kept["group"])


_ORDERS: dict[str, Any] = {
    "name": lambda one, idle: one.name,
    "used": lambda one, idle: (-one.figures.used, one.name),
    "pending": lambda one, idle: (-one.figures.pending, one.name),
    "waiting": lambda one, idle: (-one.pending_pods, one.name),
    "pods": lambda one, idle: (-one.pods, one.name),
    "idle": lambda one, idle: (-idle.get(one.name, 0.0), one.name),
}
