"""What `--by namespace` and `--by queue` show: who holds, asks for and may have how much."""

from collections.abc import Iterable, Mapping

from k8sai.fleet.answers import Total
from k8sai.fleet.picture import Picture
from k8sai.fleet.quotas import Quota
from k8sai.fleet.tables import amount
from k8sai.view import Cell, Column, Row, Table

Quotas = Mapping[str, tuple[Quota, ...]]


def table(
    rows: Iterable[Total], title: str, picture: Picture, quotas: Quotas | None = None, unread: bool = False
) -> Table:
    """A line per namespace or queue. IDLE is there where a meter tells it, QUOTA where there are any, or `unread`."""
    idle = _idle(picture, title == "QUEUE")
    limited = bool(quotas) or unread
    columns = (
        Column(title, shrink=True),
        Column("PODS", "right"),
        Column("USED", "right"),
        Column("SHARE", "right"),
        Column("RESERVED", "right"),
        Column("ENDING", "right"),
        Column("WAITING", "right"),
        Column("PENDING", "right"),
        *((Column("IDLE", "right"),) if idle is not None else ()),
        *((Column("QUOTA", shrink=True),) if limited else ()),
    )

    def row(total: Total) -> Row:
        sums = total.figures
        cells = (
            Cell(total.name or "none"),
            Cell(str(total.pods)),
            Cell(amount(sums.used)),
            Cell(_share(sums.used, picture.totals.allocatable)),
            Cell(amount(sums.reserved), "warn" if sums.reserved else "dim"),
            Cell(amount(sums.terminating), "warn" if sums.terminating else "dim"),
            Cell(str(total.pending_pods), "warn" if total.pending_pods else "dim"),
            Cell(amount(sums.pending), "warn" if sums.pending > 0 else "dim"),
            *((Cell(amount(idle.get(total.name, 0.0)), "warn"),) if idle is not None else ()),
            *((_quota((quotas or {}).get(total.name, ()), unread),) if limited else ()),
        )
        return Row(total.name, cells)

    return Table(columns, tuple(map(row, rows)), f"{title.lower()}s")


def _idle(picture: Picture, by_queue: bool) -> dict[str, float] | None:
    """Idle cards by team; None without a meter that shows them."""
    if picture.idle is None:
        return None
    sums: dict[str, float] = {}
    for held in picture.idle.held:
        name = held.queue if by_queue else held.namespace
        sums[name] = sums.get(name, 0.0) + held.idle
    return sums


def _share(part: float, whole: float) -> str:
    return f"{part / whole:.0%}" if whole > 0 and part == part else ""


def _quota(quotas: Iterable[Quota], unread: bool) -> Cell:
    if unread:
        return Cell("?", "dim")
    said = ", ".join(f"{amount(one.used)} of {amount(one.hard)} {one.limits.rpartition('/')[2]}" for one in quotas)
    return Cell(said, "warn" if any(one.full for one in quotas) else "plain")
