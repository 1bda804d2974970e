"""Boosts of Kueue's Workloads, for people and for machines."""

from collections.abc import Iterable
from typing import Any, Final

from k8sai.ages import stamp
from k8sai.evict.running.boosting import Boosted
from k8sai.fleet.document import API_VERSION
from k8sai.view import Cell, Column, Page, Row, Table, Tone

KIND: Final = "EvictBoosts"
_COLUMNS: Final = (
    Column("WORKLOAD"),
    Column("GANG"),
    Column("PRIORITY", "right"),
    Column("BOOST", "right"),
    Column("TO", "right"),
    Column("ACTION"),
    Column("WHY", shrink=True),
)
_TONES: Final[dict[str, Tone]] = {"leave": "warn", "keep": "dim"}


def page(found: Iterable[Boosted]) -> Page:
    """A row per Workload; BOOST is what is there now, TO what it is to be."""
    return Page((Table(_COLUMNS, tuple(map(_row, found))),))


def _row(one: Boosted) -> Row:
    meta = one.workload["metadata"]
    cells = (
        Cell(f"{meta['namespace']}/{meta['name']}"),
        Cell(one.gang or "-"),
        Cell(str((one.workload.get("spec") or {}).get("priority", 0))),
        Cell(one.before or "-"),
        Cell("-" if one.action == "leave" else one.value or "-"),
        Cell(one.action, _TONES.get(one.action, "plain")),
        Cell(one.why),
    )
    return Row(str(meta.get("uid", "")), cells)


def document(found: Iterable[Boosted], *, context: str, at: float, hidden: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """`boost` and `before` are numbers, null for none."""
    unseen = [{"what": what, "why": why} for what, why in hidden]
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "at": stamp(at),
        "context": context,
        "complete": not unseen,
        "hidden": unseen,
        "workloads": [_item(one) for one in found],
    }


def _item(one: Boosted) -> dict[str, Any]:
    meta = one.workload["metadata"]
    return {
        "namespace": meta["namespace"],
        "name": meta["name"],
        "uid": meta.get("uid"),
        "gang": one.gang or None,
        "priority": (one.workload.get("spec") or {}).get("priority", 0),
        "before": one.before or None,
        "boost": int(one.value) if one.value else None,
        "action": one.action,
        "why": one.why,
    }
