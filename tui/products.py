"""The Products pane: cards per product, and what the scheduler counts them by."""

from collections.abc import Sequence

from k8sai.errors import Usage
from k8sai.fleet.answers import Total
from k8sai.fleet.tables import amount, counted_as, product_name
from k8sai.tui.columns import Field
from k8sai.tui.desk import Desk
from k8sai.tui.glyphs import meter
from k8sai.tui.ink import Line, plain
from k8sai.tui.matching import matcher
from k8sai.tui.table_pane import TablePane
from k8sai.tui.words import blank_zero, clean, share

_METER = 14  # cells


class Products(TablePane):
    """A line per product and resource; demand that any product would meet has one of its own."""

    stem = "products"
    title = "Products"
    words = ("product", "totals", "to")
    about = "cards per product"
    sorts_first = "used"
    finds_trouble = True
    fields = (
        Field("PRODUCT", least=20, most=44, stretch=True, sort="name", letter="N"),
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
        Field("PODS", "right", rank=6, most=9, sort="pods", letter="C", falling=True),
        Field("NODES", "right", rank=8, most=9),
    )

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.rows: dict[str, Total] = {}

    def order(self) -> Sequence[str]:
        if self.filter.labels:
            raise Usage("products have no labels: filter them by name")
        matches = matcher(self.filter.text)
        found = [one for one in self.desk.products() if matches(one.name)]
        if self.only_trouble:
            found = [one for one in found if one.figures.unhealthy > 0 or one.figures.blocked or one.figures.pending]
        found.sort(key=_ORDERS[self.sort], reverse=self.reverse)
        self.rows = {f"{one.name}:{one.resource}:{one.kind}": one for one in found}
        return list(self.rows)

    def cells(self, key: str) -> tuple[Line, ...]:
        total = self.rows[key]
        f = total.figures
        return (
            plain(clean(product_name(total))),
            ((clean(counted_as(total)), "dim"),),
            meter(((f.used, "key"),), f.allocatable, _METER, self.desk.glyphs),
            plain(amount(f.used)),
            ((amount(f.allocatable), "dim"),),
            ((share(f.used, f.allocatable), "plain"),),
            ((amount(f.free), "good" if f.free > f.blocked else "dim"),),
            ((blank_zero(f.blocked), "warn"),),
            ((blank_zero(f.unhealthy), "bad"),),
            ((blank_zero(f.pending), "warn"),),
            ((blank_zero(f.reserved), "plain"),),
            ((blank_zero(f.terminating), "plain"),),
            ((blank_zero(total.pods), "dim"),),
            ((blank_zero(total.nodes), "dim"),),
        )

    def choose(self, key: str) -> None:
        if self.rows[key].name:
            self.post_message(self.Go("nodes", product=self.rows[key].name))


_ORDERS = {
    "name": lambda total: total.name,
    "used": lambda total: (-total.figures.used, total.name),
    "free": lambda total: (-total.figures.free, total.name),
    "unhealthy": lambda total: (-total.figures.unhealthy, total.name),
    "pending": lambda total: (-total.figures.pending, total.name),
    "pods": lambda total: (-total.pods, total.name),
}
