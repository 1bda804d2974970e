"""A cluster in one file: save it without a Secret in it, show what a file holds, and what changed between two."""

from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from k8sai.cluster.options import Options
from k8sai.commands import _flags, _print, _talk
from k8sai.commands._door import entry
from k8sai.errors import Exit, Refused, Usage
from k8sai.view import Note

if TYPE_CHECKING:
    from k8sai.cluster.recording import Recorded
    from k8sai.fleet.picture import Picture
    from k8sai.snapshot.reading import Taken

Output = Literal["table", "wide", "json", "yaml"]
_Output = Annotated[Output, typer.Option("-o", "--output", help="How to print it.")]

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="A cluster in one file: save it without a Secret in it, show what a file holds, and what changed between two.",
)


def save(
    options: Options,
    *,
    file: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="Where to; by default named after context and time."),
    ] = None,
    redact: Annotated[bool, typer.Option("--redact", help="Codes instead of names: fit to be given away.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file.")] = False,
) -> int:
    """Writes the cluster to one compressed file, which every command that only reads takes with --from.

    It holds nodes, pods, quotas, queues, jobs and whatever else explains where GPUs are. It never holds Secrets,
    ConfigMaps, environment variables, commands or arguments. What could not be read is named, and stays named in the
    file. The file's name is printed.

    \b
    Examples:
      k8sai snapshot save                        k8sai-prod-20261121T100000Z.json.gz
      k8sai snapshot save -o prod.gz --redact    names become codes, figures stay
      k8sai top --from prod.gz                   look at it
    """
    if file is not None:
        _refuse(file, force=force)
    if options.namespace:
        raise Usage("a snapshot is of the whole cluster: -n means nothing with it", "leave it out")
    from k8sai.cluster.connect import connect
    from k8sai.snapshot.reading import read

    connection = connect(options)
    with _talk.Progress(f"reading {connection.server}") as progress:
        taken = read(connection, lambda kind: progress.say(f"reading {connection.server}: {kind} done"))
        connection.close()
    target = file or Path(_name(taken, redact=redact))
    with _talk.Progress(f"writing {target}"):
        _write(taken, target, redact=redact, overwrite=force)
    _print.line(str(target))
    _tell(taken, target)
    return Exit.OK if taken.complete else Exit.PARTIAL


def _refuse(file: Path, *, force: bool) -> None:
    """What cannot be written is said before a cluster is read; a device or folder is never replaced, not even by force.

    Raises Usage and Refused.
    """
    if str(file) == "-":
        raise Usage("a snapshot is written to a file, not to stdout", "`k8sai snapshot save -o cluster.gz`")
    try:
        if not file.parent.is_dir():
            raise Usage(f"cannot write {file}: there is no folder {file.parent}")
        there, ours = file.exists(), file.is_file()
    except OSError as error:
        raise Usage(f"cannot write {file}: {error.strerror}") from error
    if there and not ours:
        raise Usage(f"{file} is no file: nothing was written", "give it another name")
    if there and not force:
        raise Refused(f"{file} is there already", "give it another name, or --force")


def _name(taken: "Taken", *, redact: bool) -> str:
    """Context and time, in letters that every file system takes; a redacted file does not say whose it is."""
    whose = "redacted" if redact else "".join(c if c.isalnum() or c in "-_." else "-" for c in taken.context)[:80]
    return f"k8sai-{whose.strip('-.') or 'cluster'}-{taken.at.replace('-', '').replace(':', '')}.json.gz"


def _write(taken: "Taken", target: Path, *, redact: bool, overwrite: bool) -> None:
    from k8sai.cluster import recording
    from k8sai.snapshot.redact import redacted

    kept = redacted(taken) if redact else taken
    recording.save(
        target,
        context=kept.context,
        at=kept.at,
        objects=kept.facts,
        others=kept.others,
        hidden=kept.hidden,
        server_version=kept.server_version,
        redacted=redact,
        overwrite=overwrite,
    )


def _tell(taken: "Taken", target: Path) -> None:
    """How much is in it, and what is not, on stderr."""
    counts = {source.kind: source.count for source in taken.sources}
    nodes, pods = counts.pop("nodes"), counts.pop("pods")
    size = target.stat().st_size
    said = f"{nodes:,} nodes, {pods:,} pods and {sum(counts.values()):,} other objects in {size / 1024:,.0f} KiB"
    _talk.note(Note(said, "good", f"`k8sai snapshot show {quote(str(target))}`"))
    _tell_hidden([(s.kind, s.namespace, s.message, s.hint) for s in taken.hidden if s.state != "absent"])


def _tell_hidden(hidden: list[tuple[str, str, str, str]]) -> None:
    """One sentence per reason, not per kind."""
    narrowed = [kind for kind, namespace, _, _ in hidden if namespace]
    missing = [kind for kind, namespace, _, _ in hidden if not namespace]
    if narrowed:
        where = next(namespace for _, namespace, _, _ in hidden if namespace)
        _talk.note(Note(f"only of namespace {where}: {', '.join(narrowed)}", "warn"))
    if missing:
        why, hint = next((message, hint) for _, namespace, message, hint in hidden if not namespace)
        _talk.note(Note(f"not in the file: {', '.join(missing)}: {why}", "warn", hint))


def show(
    *,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A recording, or what `kubectl get -o json` printed.")],
    output: _Output = "table",
) -> int:
    """Says what is in a file: of which cluster and when, how much of each kind, and the GPUs in all.

    \b
    Examples:
      k8sai snapshot show prod.gz
      k8sai snapshot show prod.gz -o json | jq .totals
    """
    recorded, picture = _opened(file)
    from k8sai.snapshot import document, tables

    if output in ("json", "yaml"):
        _print.document(document.shown(recorded, picture), output)
    else:
        _print.page(tables.shown(recorded, picture), wide=output == "wide")
    _print.flush()
    hidden = [s for s in recorded.sources if s.state not in ("once", "absent") or s.namespace]
    unread = [*hidden, *document.unread(recorded)]
    _tell_hidden([(s.kind, s.namespace, s.message or s.state, s.hint) for s in unread])
    return Exit.PARTIAL if unread or not picture.complete else Exit.OK


def diff(
    *,
    before: Annotated[Path, typer.Argument(metavar="FILE", help="The earlier file.")],
    after: Annotated[Path, typer.Argument(metavar="FILE", help="The later file.")],
    output: _Output = "table",
) -> int:
    """Says what changed from one file to another: nodes, pods with GPUs, totals, waiting pods, namespaces.

    Exit code 0 where nothing about GPUs differs, 1 where something does.

    \b
    Examples:
      k8sai snapshot diff monday.gz tuesday.gz
      k8sai snapshot diff a.gz b.gz -o json | jq '.nodes[].name'
    """
    first, old = _opened(before)
    second, new = _opened(after)
    if (first.redacted or second.redacted) and before.read_bytes() != after.read_bytes():
        which = before if first.redacted else after
        raise Usage(
            f"{which} has codes for names, and no two files share their codes",
            "compare files that were saved without --redact",
        )
    from k8sai.commands import _notes
    from k8sai.snapshot import document, tables
    from k8sai.snapshot.compare import compare

    found = compare(old, new)
    if output in ("json", "yaml"):
        _print.document(document.differences(found), output)
    else:
        _print.page(tables.differences(found), wide=output == "wide")
    _print.flush()
    for path, picture in ((before, old), (after, new)):
        for gap in _notes.gaps(picture):
            _talk.note(Note(f"{path}: {gap.text}", gap.tone, gap.hint))
    return Exit.FINDINGS if found.differs else Exit.OK


def _opened(path: Path) -> "tuple[Recorded, Picture]":
    from k8sai.cluster.recording import open_recording
    from k8sai.fleet.index import Fleet
    from k8sai.fleet.picture import take

    recorded, feed, _ = open_recording(Path("/dev/stdin") if str(path) == "-" else path)
    fleet = Fleet()
    feed(fleet)
    return recorded, take(fleet, context=recorded.context, at=recorded.at, sources=recorded.sources)


app.command()(_flags.connected(save))
app.command()(show)
app.command()(diff)

main = entry(app, "snapshot")
