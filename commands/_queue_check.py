"""`queue init --check`: the setup there is, held against itself and the nodes."""

from pathlib import Path

from k8sai.cluster.options import Options
from k8sai.commands import _print, _talk
from k8sai.commands._queue_read import read
from k8sai.errors import Exit
from k8sai.view import Note


def show_check(options: Options, recording: Path | None, output: str, *, plain: bool) -> int:
    """The exit code: 1 where there are errors; else 14 where what could not be read may hide some."""
    from k8sai.cluster.reading import Reading
    from k8sai.queues.setup.check import check
    from k8sai.queues.setup.check_shown import document, lines, page, summary
    from k8sai.queues.setup.from_nodes import NODES, machine
    from k8sai.queues.setup.ground import Ground

    setting, objects, _ = read(options, recording)
    reading = Reading(objects)
    nodes = tuple(machine(one) for one in reading.list(NODES))
    hidden = (*setting.hidden, *reading.hidden)
    found = check(Ground(setting, None if reading.blind(NODES) else nodes))
    if output in ("json", "yaml"):
        _print.document(document(found, context=objects.context, at=setting.at, hidden=hidden), output)
    else:
        _print.page(page(found), plain=True) if plain else _print.block(lines(found))
        _print.flush()
        for gap in hidden:
            _talk.note(Note(f"{gap.what} were not read, so more may be wrong: {gap.why}", "warn", gap.hint))
        _talk.note(Note(summary(found, hidden)))
    if any(one.level == "error" for one in found):
        return Exit.FINDINGS
    return Exit.PARTIAL if hidden else Exit.OK
