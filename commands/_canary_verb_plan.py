"""`--plan` of every verb of `canary`: object by object what would be written, sent to nobody or only tried."""

import time
from typing import TYPE_CHECKING, Any, Final

from k8sai.commands import _print, _talk
from k8sai.errors import Exit
from k8sai.view import Note

if TYPE_CHECKING:
    from k8sai.canary.backend import Goal, Write
    from k8sai.canary.facts import Json
    from k8sai.canary.running.planning import Plan, Planned
    from k8sai.commands._canary_scene import Scene

_DRY: Final = {"client": "(dry run)", "server": "(server dry run)"}
_VERBS: Final = {"json-patch": "patch", "merge": "patch", "create": "create", "delete": "delete"}
_OPS: Final = {"json-patch": "update", "merge": "update", "create": "create", "delete": "delete"}


def show(where: "Scene", goal: "Goal | None", handle: "Json", before: "Json", notes: tuple[str, ...] = ()) -> int:
    """Raises what the backend and, with --dry-run=server, the server raise."""
    from k8sai.canary.running.planning import Plan, plan

    place = where.place
    found = plan(where.backend, place.ref, goal, handle, before, place.objects) if goal is not None else Plan()
    warnings = _tried(where, found) if where.asked.dry_run == "server" else ()
    if where.asked.output in ("json", "yaml"):
        _print.document(_document(where, found), where.asked.output)
    elif where.asked.output == "name":
        for one in found.writes:
            _print.line(_ref(where, one.write))
    else:
        _text(where, found)
    _print.flush()
    for text in (*notes, *warnings):
        _talk.note(Note(text))
    return Exit.OK


def _tried(where: "Scene", found: "Plan") -> tuple[str, ...]:
    """The server's warnings of the first write; those after it are made for what the first one leaves."""
    from k8sai.canary.running.sending import send

    return tuple(
        text for one in found.writes[:1] for text in send(where.place.writer, one.write, dry_run=True).warnings
    )


def _text(where: "Scene", found: "Plan") -> None:
    """`verb object (kind of patch)  why`, and below it what is sent."""
    from k8sai.yaml_out import lines

    for one in found.writes:
        write = one.write
        below = f"/{write.subresource}" if write.subresource else ""
        form = f" ({write.op})" if _VERBS[write.op] == "patch" else ""
        _print.line(f"{_VERBS[write.op]} {_ref(where, write)}{below}{form}: {write.why}")
        for op in write.body if isinstance(write.body, list) else ():
            _print.line(f"  {_operation(op)}")
        for line in lines(write.body) if isinstance(write.body, dict) else ():
            _print.line(f"  {line}")
    if found.then:
        _print.line(f"then waits: {found.then}")
    word = "nothing to write" if not found.writes else f"{len(found.writes)} to write"
    _print.line(f"{where.title} {word} {_DRY[where.asked.dry_run]}")


def _operation(op: "Json") -> str:
    import json

    value = f" {json.dumps(op['value'], ensure_ascii=False)}" if "value" in op else ""
    origin = f" from {op['from']}" if "from" in op else ""
    return f"{op['op']} {op['path']}{origin}{value}"


def _ref(where: "Scene", write: "Write") -> str:
    from k8sai.canary.running.sending import place

    return place(where.place.writer, write).ref


def _document(where: "Scene", found: "Plan") -> dict[str, Any]:
    """The `Plan` document, with each write as it would be sent."""
    from k8sai.ages import stamp
    from k8sai.deploy import document as documents
    from k8sai.deploy.plan import Plan as Changes

    manager = where.place.writer.manager
    changes = tuple(_change(where, one, manager, bool(number)) for number, one in enumerate(found.writes))
    at, context = stamp(time.time()), where.place.connection.context
    made = documents.document(Changes(changes), context=context, at=at, dry_run=where.asked.dry_run)
    sent = [
        {"verb": _VERBS[w.op], "form": w.op, "subresource": w.subresource, "patch": w.body, "why": w.why}
        for w in (one.write for one in found.writes)
    ]
    joined = [{**change, **more} for change, more in zip(made["changes"], sent, strict=True)]
    return {**made, "changes": joined, "then": found.then, "target": where.title}


def _change(where: "Scene", one: "Planned", manager: str, later: bool) -> Any:
    from k8sai.canary.running.sending import place
    from k8sai.deploy.fields import differences
    from k8sai.deploy.plan import Change

    fields = differences(one.live, one.result, manager) if one.live and one.result else ()
    why = "it depends on what comes before" if later else ""
    body = one.write.body if isinstance(one.write.body, dict) else {}
    op: Any = _OPS[one.write.op]
    return Change(op, place(where.place.writer, one.write), body, one.live, one.result, fields, untried=why)
