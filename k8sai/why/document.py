"""The `Why` document, and the same as a page for people."""

from typing import Any, Final

from k8sai.ages import stamp
from k8sai.errors import Exit
from k8sai.fleet.document import API_VERSION
from k8sai.view import Cell, Column, Page, Row, Table, Tone
from k8sai.why.verdict import EXITS, Layer, Status, Why

Document = dict[str, Any]
_TONES: Final[dict[Status, Tone]] = {"ok": "good", "blocks": "bad", "waits": "warn", "unknown": "warn", "n/a": "dim"}
_SHOWN: Final = 40  # names of members in one line


def document(why: Why, *, context: str, at: float) -> Document:
    """Names that scripts may rely on."""
    moment = stamp(at)
    return {
        "apiVersion": API_VERSION,
        "kind": "Why",
        "at": moment,
        "context": context,
        "complete": not why.hidden,
        "hidden": [{"what": gap.what, "why": gap.why} for gap in why.hidden],
        "object": why.object,
        "namespace": why.namespace,
        "sentence": why.sentence,
        "code": why.code,
        "exit": int(why.exit),
        "next": why.next,
        "layers": [_layer(layer) for layer in why.layers],
        "members": [{"code": m.code, "message": m.message, "pods": list(m.pods)} for m in why.members],
    }


def _layer(layer: Layer) -> Document:
    return {
        "layer": layer.layer,
        "status": layer.status,
        "code": layer.code,
        "message": layer.message,
        "evidence": list(layer.evidence),
        "next": layer.next,
    }


def tone(why: Why) -> Tone:
    """Of the sentence."""
    return {Exit.OK: "good", Exit.BLOCKED: "bad", Exit.FINDINGS: "bad"}.get(EXITS[why.code], "warn")  # type: ignore[return-value]


def page(why: Why, *, plain: bool = False) -> Page:
    """Every layer in a line, its evidence below it; in `plain` words each line says which layer it is about."""
    rows = [row for layer in why.layers for row in _rows(layer, plain)]
    columns = (Column("LAYER"), Column("STATUS"), Column("EVIDENCE", shrink=True))
    parts = [Table(columns, tuple(rows))]
    if len(why.members) > 1:
        parts.insert(0, _members(why))
    return Page(tuple(parts))


def _rows(layer: Layer, plain: bool) -> list[Row]:
    tone = _TONES[layer.status]
    quiet: Tone = "dim" if layer.status == "n/a" else "plain"
    said = layer.message or (layer.code and layer.code.lower()) or ""
    first = Row(layer.layer, (Cell(layer.layer, quiet), Cell(layer.status, tone), Cell(said, quiet)))
    if layer.status not in ("blocks", "waits", "unknown"):
        return [first]
    about = Cell(layer.layer if plain else "")
    more = [Row(f"{layer.layer}/{n}", (about, Cell(""), Cell(text, "dim"))) for n, text in enumerate(layer.evidence)]
    return [first, *more]


def _members(why: Why) -> Table:
    columns = (Column("PODS", "right"), Column("REASON"), Column("WHICH", shrink=True))
    rows = tuple(
        Row(m.code, (Cell(str(len(m.pods))), Cell(m.code), Cell(", ".join(m.pods[:_SHOWN])))) for m in why.members
    )
    return Table(columns, rows)
