"""`top` of several contexts: what can be meant, and what is printed once."""

from collections.abc import Sequence
from dataclasses import replace

from k8sai.cluster.options import Options
from k8sai.commands import _notes, _print, _talk
from k8sai.commands._contexts_read import Got, now, read
from k8sai.commands._lists import LISTS
from k8sai.commands._top_wanted import Wanted
from k8sai.errors import Exit, NotFound, Usage
from k8sai.fleet import clusters, tables
from k8sai.fleet.picture import Scope
from k8sai.view import Note, Page, Table

_MOST_PENDING = 10  # waiting pods of a cluster in the overview


def top(wanted: Wanted, contexts: Sequence[str], *, every: bool) -> int:
    """The exit code of `top` with several contexts, or with --all-contexts."""
    refuse_contradictions(wanted, contexts, every=every)
    contexts = all_of(wanted.options) if every else contexts
    check(wanted.options, contexts)
    if wanted.watch:
        from k8sai.commands._watch_contexts import follow

        return follow(wanted, contexts)
    return screen(wanted, contexts) if wanted.screen else once(wanted, contexts)


def screen(wanted: Wanted, contexts: Sequence[str]) -> int:
    """All of them full screen: first a line per cluster, or what the flags ask for of the first one."""
    from k8sai.commands import _screen
    from k8sai.commands._choice import Kubecontexts
    from k8sai.commands._several import Several
    from k8sai.commands._top_screen import opening

    first = opening(wanted)
    several = Several(contexts, Kubecontexts(wanted.options, wanted.meter))
    front = several.members[0]
    several.start()
    try:
        pane = first if first.stem() or first.pods else replace(first, pane="clusters")
        return _screen.show(front.fleet, front.feed, pane, choice=several)
    finally:
        several.end()


def all_of(options: Options) -> tuple[str, ...]:
    """All contexts of the kubeconfig, in its order. Raises NotFound where it has none."""
    from k8sai.cluster import kubeconfig

    found = tuple(kubeconfig.load(options.kubeconfig).contexts)
    if not found:
        raise NotFound("the kubeconfig has no contexts", "`kubectl config get-contexts`")
    return found


def check(options: Options, contexts: Sequence[str]) -> None:
    """Raises NotFound for a context that the kubeconfig does not have: a slip of the pen is no cluster that is down."""
    from difflib import get_close_matches

    from k8sai.cluster import kubeconfig

    known = kubeconfig.load(options.kubeconfig).contexts
    for context in contexts:
        if context not in known:
            near = get_close_matches(context, known, 1)
            hint = f"did you mean {near[0]!r}?" if near else "`kubectl config get-contexts` lists them"
            raise NotFound(f"the kubeconfig has no context {context!r}", hint)


# --- showing ----------------------------------------------------------------------------------------------------------


def once(wanted: Wanted, contexts: Sequence[str]) -> int:
    """Prints what is there now. The exit code: PARTIAL where something is hidden, CLUSTER where nobody answered."""
    scope = wanted.scope()
    found = read(wanted, contexts, scope)
    _refuse_unknown_nodes(found, scope)
    _show(found, wanted)
    _print.flush()
    _say(found, wanted)
    if all(clusters.reason(one.picture) for one in found):
        return Exit.CLUSTER
    return Exit.OK if all(one.picture.complete and one.trouble is None for one in found) else Exit.PARTIAL


def _refuse_unknown_nodes(found: Sequence[Got], scope: Scope) -> None:
    known = {node.name for one in found for node in one.picture.nodes}
    missing = [name for name in scope.names if name not in known]
    if missing and not any(clusters.reason(one.picture) for one in found):
        raise NotFound(f"none of the {len(found)} clusters has a node {missing[0]!r} with GPUs")


def _show(found: Sequence[Got], wanted: Wanted) -> None:
    by = wanted.by or "node"
    if wanted.output in ("json", "yaml"):
        document = clusters.view_list([one.picture for one in found], now())
        _print.document(document, wanted.output)
    elif wanted.output == "csv":
        _print.csv(*_flat(found, wanted))
    elif wanted.output == "name":
        kind = LISTS[by].kind or by
        _print.tagged_names((one.context, kind, map(LISTS[by].name, one.rows)) for one in found)
    else:
        page = Page((_list(found, wanted),)) if wanted.by else _overview(found)
        _print.page(page, wide=wanted.output == "wide", headings=wanted.headings, plain=wanted.plain)


def _overview(found: Sequence[Got]) -> Page:
    """The clusters, the products of all of them, then nodes and waiting pods with their cluster."""
    pictures = [one.picture for one in found]
    waiting = [(one.context, tables.pods(one.pending[:_MOST_PENDING], one.at, waiting=True)) for one in pictures]
    return Page(
        (
            clusters.headline(pictures, now()),
            clusters.clusters(pictures),
            tables.products(clusters.summed(pictures).products),
            _joined(found),
            clusters.joined(waiting),
        )
    )


def _list(found: Sequence[Got], wanted: Wanted) -> Table:
    return clusters.clusters([one.picture for one in found]) if wanted.by == "cluster" else _joined(found)


def _joined(found: Sequence[Got]) -> Table:
    return clusters.joined((one.context, one.table) for one in found if one.table is not None)


def _flat(found: Sequence[Got], wanted: Wanted) -> tuple[list[str], list[list[object]]]:
    """Heading and rows for a spreadsheet, the context first."""
    from k8sai.commands._top_once import flat

    each = [(one.context, flat(one.reading, wanted, one.rows)) for one in found if one.trouble is None]
    heading = each[0][1][0] if each else []
    return ["context", *heading], [[context, *row] for context, (_, rows) in each for row in rows]


def _say(found: Sequence[Got], wanted: Wanted) -> None:
    """Who does not answer is told once; what the others hide, with their names."""
    for one in found:
        if why := clusters.reason(one.picture):
            hint = next((gap.hint for gap in one.picture.hidden), "")
            _talk.note(Note(f"{one.context} is not answering: {why}", "warn", hint))
            continue
        if one.trouble is not None:
            _talk.note(Note(f"{one.context} is not in the list: {one.trouble.message}", "warn", one.trouble.hint))
        for gap in _notes.gaps(one.picture):
            _talk.note(Note(f"{one.context}: {gap.text}", gap.tone, gap.hint))
    if wanted.shows_bars and _print.on_terminal():
        words = tables.legend([node for one in found for node in one.picture.nodes])
        if words:
            _talk.note(Note(words, "dim"))


def refuse_contradictions(wanted: Wanted, contexts: Sequence[str], *, every: bool) -> None:
    """What cannot be meant for several clusters. Raises Usage."""
    if every and (contexts or wanted.options.context):
        raise Usage("--all-contexts are all, so --context means nothing with it", "leave one of them out")
    if wanted.recording:
        flag = "--all-contexts" if every else "--context"
        raise Usage(f"--from reads no cluster, so {flag} means nothing with it", "leave one of them out")
    if wanted.watch and wanted.names:
        raise Usage("-w of several clusters follows all their nodes, so names mean nothing with it", "leave them out")
    for flag, value in (
        ("--server", wanted.options.server),
        ("--cluster", wanted.options.cluster),
        ("--user", wanted.options.user),
        ("--token", wanted.options.token),
        ("--tls-server-name", wanted.options.tls_server_name),
        ("--certificate-authority", wanted.options.certificate_authority),
        ("--client-certificate", wanted.options.client_certificate),
        ("--client-key", wanted.options.client_key),
    ):
        if value:
            raise Usage(f"{flag} is of one cluster, and {len(contexts)} were asked for", "leave it out")
