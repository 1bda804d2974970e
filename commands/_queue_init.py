"""`queue init`: a setup for Kueue from the nodes there are; printed, applied, or compared with the one there is."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from k8sai.cluster.options import Options
from k8sai.commands import _flags, _talk
from k8sai.errors import Usage

if TYPE_CHECKING:
    from k8sai.cluster.objects import Objects
    from k8sai.queues.setup.init import Setup

Output = Literal["table", "json", "yaml", "name"]
DryRun = Literal["none", "client", "server"]

_CHECK = "With --check"
_APPLY = "With --apply"


def init(
    options: Options,
    *,
    from_nodes: Annotated[
        bool,
        typer.Option(
            "--from-nodes", help="Flavors and quota from the nodes there are; it may be left out.", show_default=False
        ),
    ] = True,
    teams: Annotated[
        str,
        typer.Option(
            "--teams", metavar="NAME=WEIGHT,…", help="A ClusterQueue for each, by weight; else one.", show_default=False
        ),
    ] = "",
    namespace_of: Annotated[
        list[str] | None,
        typer.Option(
            "--namespace-of",
            metavar="TEAM=NS,…",
            help="The team's namespaces, else the one of its name; may be repeated.",
        ),
    ] = None,
    cohort: Annotated[
        str,
        typer.Option(
            "--cohort", metavar="NAME", help="Whose queues lend to each other; `teams` where there are several."
        ),
    ] = "",
    headroom: Annotated[str, typer.Option("--headroom", metavar="PERCENT", help="Kept back from quota.")] = "5%",
    topology: Annotated[
        str,
        typer.Option("--topology", metavar="auto|none|LABELS", help="Levels of closeness, from wide to narrow."),
    ] = "auto",
    apply: Annotated[
        bool, typer.Option("--apply", help="Write it, by server-side apply; never over what others own.")
    ] = False,
    dry_run: Annotated[
        DryRun,
        typer.Option("--dry-run", help="server: as it would be written; client: no writing.", rich_help_panel=_APPLY),
    ] = "none",
    yes: Annotated[bool, typer.Option("-y", "--yes", help="Ask nothing.", rich_help_panel=_APPLY)] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Compare the setup there is with the nodes, and print what is wrong.")
    ] = False,
    recording: _flags.Recording = None,
    output: Annotated[
        Output | None,
        typer.Option("-o", "--output", help="How to print it; manifests are yaml unless said.", show_default=False),
    ] = None,
    plain: Annotated[bool, typer.Option("--plain", help="Words, no colour: a line per thing.")] = False,
) -> int:
    """A setup for Kueue that fits the cluster: flavors, topology, a queue per team, with sums that add up.

    Nodes that are alike become a ResourceFlavor, by labels that select them and no others. What they have, less
    headroom and what the nodes' own pods ask for, is divided among the teams. The result is YAML to own; nothing is
    written without --apply. --check looks at the setup there is instead.

    \b
    Exit codes:
      0    done; with --check: no error
      1    --check: there are errors
      2    flags are invalid
      4    no node that quota could be made of; --apply, --check: no Kueue
      5    --apply: somebody else owns a field, or nobody said yes: nothing was written
      14   --apply: some of it was written; --check: what may not be read could change the answer
      16   a right is missing; nothing was written

    \b
    Examples:
      k8sai queue init --teams vision=60,speech=40 > queues.yaml
      k8sai queue init --teams vision,speech --namespace-of vision=vision-dev,vision-prod --apply
      k8sai queue init --check
    """
    del from_nodes
    _refuse_contradictions(apply=apply, check=check, recording=recording, dry_run=dry_run, yes=yes, output=output)
    if check:
        from k8sai.commands._queue_check import show_check

        return show_check(options, recording, output or "table", plain=plain)
    from k8sai.queues.setup.init import propose
    from k8sai.queues.setup.wish import wish

    local = options.namespace or "default"
    asked = wish(
        teams=teams,
        cohort=cohort,
        headroom=headroom,
        topology=topology,
        namespaces_of=tuple(namespace_of or ()),
        namespace=local,
    )
    from k8sai.cluster.reading import Reading

    objects, where = _objects(options, recording)
    with _talk.Progress(f"reading the nodes of {where}"):
        setup = propose(Reading(objects), asked)
    _remark(setup)
    if apply:
        return _applied(options, setup, dry_run, yes=yes, output=output or "table")
    return _printed(setup, output or "yaml")


def _refuse_contradictions(
    *, apply: bool, check: bool, recording: Path | None, dry_run: str, yes: bool, output: str | None
) -> None:
    """Before anything is read. Raises Usage."""
    if apply and check:
        raise Usage("--apply writes a setup, and --check looks at the one there is", "one after the other")
    if apply and recording is not None:
        raise Usage("--from reads a file, and there is no cluster to apply to", "leave out --from, or --apply")
    if not apply and (dry_run != "none" or yes):
        raise Usage("--dry-run and -y are for --apply: without it nothing is written")
    if output == "table" and not (apply or check):
        raise Usage("manifests are no table: -o yaml, json or name", "`k8sai queue list` shows the queues there are")
    if output == "name" and check:
        raise Usage("what is wrong has no names: -o table, json or yaml")


def _objects(options: Options, recording: Path | None) -> "tuple[Objects, str]":
    """Of the cluster, with or without Kueue, or of a recording."""
    if recording is None:
        from k8sai.cluster.connect import connect
        from k8sai.cluster.objects import LiveObjects

        connection = connect(options)
        return LiveObjects(connection), connection.server
    from k8sai.cluster.recording import open_recording
    from k8sai.commands._queue_read import refuse_cluster

    refuse_cluster(options)
    _talk.carry(["--from", str(recording)])
    _, _, found = open_recording(Path("/dev/stdin") if recording == Path("-") else recording)
    return found, str(recording)


def _remark(setup: "Setup") -> None:
    """Nodes that are left out, and what could not be read."""
    from k8sai.view import Note

    for left in setup.left_out:
        nodes = ", ".join(left.nodes[:5]) + (f" and {len(left.nodes) - 5} more" if len(left.nodes) > 5 else "")
        _talk.note(Note(f"left out: {nodes}: {left.why}", "warn" if left.fix else "plain", left.fix))
    for text in setup.remarks:
        _talk.note(Note(text, "warn"))
    for gap in setup.hidden:
        _talk.note(Note(f"{gap.what} were not read: {gap.why}", "warn", gap.hint))


def _printed(setup: "Setup", output: str) -> int:
    from k8sai.commands import _print
    from k8sai.errors import Exit

    if output == "yaml":
        _print.text(setup.text)
    elif output == "json":
        _print.json({"apiVersion": "v1", "kind": "List", "items": [*setup.objects]})
    else:
        _print.names("", (f"{_word(one)}/{one['metadata']['name']}" for one in setup.objects))
    return Exit.OK


def _word(one: "dict[str, str]") -> str:
    """`clusterqueue.kueue.x-k8s.io`."""
    return ".".join(filter(None, (one["kind"].lower(), one["apiVersion"].rpartition("/")[0])))


def _applied(options: Options, setup: "Setup", dry_run: DryRun, *, yes: bool, output: str) -> int:
    """As `apply` does it with the printed manifests."""
    from k8sai.commands._apply_run import run
    from k8sai.commands._apply_source import Source
    from k8sai.commands._apply_wish import Wish
    from k8sai.deploy.plan import Choices
    from k8sai.manifests import parse

    wish = Wish(
        options=options,
        recipe="",
        files=(),
        recursive=False,
        kustomize="",
        sets=(),
        values=(),
        recipe_dirs=(),
        dry_run=dry_run,
        diff=False,
        choices=Choices(),
        field_manager="k8sai",
        prune=False,
        set_name="",
        prune_also=(),
        skip_preflight=False,
        wait=False,
        timeout=None,
        rollback=False,
        yes=yes,
        output=output,
        careful=True,
        printed="k8sai queue init",
    )
    return run(wish, Source(tuple(parse(setup.text.encode(), "queue init"))))
