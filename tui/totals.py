"""The Totals pane: cards per product, per namespace and per queue."""

from collections.abc import Sequence

from k8sai.errors import Usage
from k8sai.fleet.answers import Total
from k8sai.fleet.tables import amount, counted_as, product_name
from k8sai.tui.columns import Field
from k8sai.tui.desk import Desk
from k8sai.tui.glyphs import meter
from k8sai.tui.ink import Line, plain
from k8sai.tui.matching import matcher
from k8sai.tui.pane import TablePane
from k8sai.tui.subject import Subject
from k8sai.tui.words import blank_zero, clean, share

_METER = 14  # cells
_GROUPS = (("product", "Products"), ("namespace", "Namespaces"), ("queue", "Queues"))


class Totals(TablePane):
    """Three groups in one table, so that one cursor and one order serve all."""

    stem = "totals"
    title = "Totals"
    words = ("total", "to")
    about = "cards per product, namespace and queue"
    sorts_first = "used"
    fields = (
        Field("NAME", least=20, most=44, stretch=True, sort="name", letter="N"),
        Field("COUNTED", rank=2, least=8, most=14),
        Field("", rank=3, least=_METER, most=_METER),
        Field("USED", "right", least=5, sort="used", letter="U", falling=True),
        Field("OF", "right", rank=1, least=4),
        Field("SHARE", "right", rank=2, least=4),
        Field("FREE", "right", rank=1, least=5, sort="free", letter="F", falling=True),
        Field("BLOCKED", "right", rank=5, most=9),
        Field("UNHEALTHY", "right", rank=4, most=9, sort="unhealthy", letter="H", falling=True),
        Field("PENDING", "right", rank=1, most=9, sort="pending", letter="E", falling=True),
        Field("RESERVED", "right", rank=7, most=9),
        Field("ENDING", "right", rank=6, most=9),
        Field("WAITING", "right", rank=5, most=9),
        Field("PODS", "right", rank=6, most=9, sort="pods", letter="C", falling=True),
        Field("NODES", "right", rank=8, most=9),
    )

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.rows: dict[str, Total] = {}

    def order(self) -> Sequence[str]:
        if self.filter.labels:
            raise Usage("totals have no labels: filter them by name")
        desk = self.desk
        matches = matcher(self.filter.text)
        self.rows = {}
        keys: list[str] = []
        for (group, _), totals in zip(_GROUPS, (desk.products(), desk.namespaces(), desk.queues()), strict=True):
            found = sorted((t for t in totals if matches(t.name)), key=_ORDERS[self.sort], reverse=self.reverse)
            if found:
                keys.append(f"{group}:")
            for total in found:
                key = f"{group}:{total.name}:{total.resource}:{total.kind}"
                self.rows[key] = total
                keys.append(key)
        return keys

    def cells(self, key: str) -> tuple[Line, ...]:
        group = key.partition(":")[0]
        total = self.rows.get(key)
        if total is None:
            return (((dict(_GROUPS)[group], "accent"),), *[()] * (len(self.fields) - 1))
        f = total.figures
        whole = f.allocatable if group == "product" else self.desk.totals().allocatable
        ink = self.desk.namespace_ink(total.name) if group == "namespace" else "plain"
        bar_ink = self.desk.namespace_ink(total.name) if group == "namespace" else "key"
        product = group == "product"
        return (
            (("  ", "plain"), (clean(product_name(total)) if product else clean(total.name) or "none", ink)),
            ((clean(counted_as(total)) if product else "", "dim"),),
            meter(((f.used, "key" if bar_ink == "plain" else bar_ink),), whole, _METER, self.desk.glyphs),
            plain(amount(f.used)),
            ((amount(f.allocatable) if product else "", "dim"),),
            ((share(f.used, whole), "plain"),),
            ((amount(f.free) if product else "", "good" if f.free > f.blocked else "dim"),),
            ((blank_zero(f.blocked), "warn"),),
            ((blank_zero(f.unhealthy), "bad"),),
            ((blank_zero(f.pending), "warn"),),
            ((blank_zero(f.reserved), "plain"),),
            ((blank_zero(f.terminating), "plain"),),
            ((blank_zero(total.pending_pods), "warn"),),
            ((blank_zero(total.pods), "dim"),),
            ((blank_zero(total.nodes), "dim"),),
        )

    def subject_at(self, key: str) -> Subject | None:
        group, name, *_ = key.split(":")
        return Subject("namespaces", "", name) if group == "namespace" and name else None

    def count(self) -> int:
        return len(self.rows)

    def choose(self, key: str) -> None:
        total = self.rows.get(key)
        if total is None:
            return
        group = key.partition(":")[0]
        if group == "product":
            self.post_message(self.Go("nodes", product=total.name))
        else:
            self.post_message(self.Go("pods", **{group: total.name}))


_ORDERS = {
    "name": lambda total: total.name,
    "used": lambda total: (-total.figures.used, total.name),
    "free": lambda total: (-total.figures.free, total.name),
    "unhealthy": lambda total: (-total.figures.unhealthy, total.name),
    "pending": lambda total: (-total.figures.pending, total.name),
    "pods": lambda total: (-total.pods, total.name),
}
