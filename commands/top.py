"""Where every GPU is, who holds it and what is free: full screen on a terminal, tables and documents for scripts."""

from pathlib import Path
from typing import Annotated

import typer

from k8sai.cluster.options import Options
from k8sai.commands import _flags, _screen, _talk
from k8sai.commands._door import entry
from k8sai.commands._lists import By
from k8sai.commands._top_wanted import Output, Sort, Wanted, refuse_contradictions


def top(
    options: Options,
    names: Annotated[list[str] | None, typer.Argument(metavar="[NODE]...", help="Only these nodes.")] = None,
    *,
    once: Annotated[bool, typer.Option("--once", help="Print what is there now and end.")] = False,
    output: Annotated[
        Output | None, typer.Option("-o", "--output", help="How to print it; implies --once.", show_default=False)
    ] = None,
    watch: Annotated[
        bool, typer.Option("-w", "--watch", help="A line per change; with -o json a document per line.")
    ] = False,
    by: Annotated[
        By | None, typer.Option("--by", help="One list alone, in -o table, wide, csv or name.", show_default=False)
    ] = None,
    labels: Annotated[
        str,
        typer.Option("-l", "--selector", metavar="LABELS", help="Only nodes with these labels.", show_default=False),
    ] = "",
    product: Annotated[
        str, typer.Option("--product", metavar="TEXT", help="Only nodes of this GPU product.", show_default=False)
    ] = "",
    sort: Annotated[Sort, typer.Option("--sort-by", help="The order of nodes.")] = "name",
    reverse: Annotated[bool, typer.Option("--reverse", help="The other way round.")] = False,
    every_node: Annotated[bool, typer.Option("--all-nodes", help="Nodes without GPUs too.")] = False,
    every_namespace: Annotated[
        bool, typer.Option("-A", "--all-namespaces", help="Pods of all namespaces; this is the default.")
    ] = False,
    recording: _flags.Recording = None,
    dcgm: Annotated[
        bool, typer.Option("--dcgm", help="How busy the cards are, from each node's dcgm-exporter.")
    ] = False,
    prometheus: Annotated[
        str,
        typer.Option(
            "--prometheus",
            metavar="WHERE",
            help="The same from a Prometheus: its URL, NAMESPACE/SERVICE:PORT, or auto to find it.",
            show_default=False,
        ),
    ] = "",
    prometheus_headers: Annotated[
        list[str] | None,
        typer.Option("--prometheus-header", metavar="NAME:VALUE", help="For its URL; may be repeated."),
    ] = None,
    window: Annotated[
        str,
        typer.Option(
            "--window",
            metavar="TIME",
            help="How long a card must do nothing to be idle, such as 30m; 15m unless given.",
            show_default=False,
        ),
    ] = "",
    idle_below: Annotated[
        float | None,
        typer.Option("--idle-below", metavar="PERCENT", help="What counts as nothing; 5 unless given."),
    ] = None,
    prices: Annotated[
        Path | None,
        typer.Option("--prices", metavar="FILE", help="What an hour of each GPU costs; else prices.yaml of yours."),
    ] = None,
    plain: Annotated[bool, typer.Option("--plain", help="Words instead of bars, no colour: a line per thing.")] = False,
    no_headers: Annotated[bool, typer.Option("--no-headers", help="Tables without headings.")] = False,
    every_context: Annotated[
        bool, typer.Option("--all-contexts", help="All clusters of the kubeconfig; --context may be repeated too.")
    ] = False,
    contexts: tuple[str, ...] = (),
) -> int:
    """Where every GPU is, who holds it and what is free.

    On a terminal this is a full-screen view; press ? there for its keys. In a pipe, or with --once or -o, it prints
    what is there now. Totals are of the whole cluster, or of the nodes listed where nodes are filtered; -n narrows
    the pods listed.

    \b
    Examples:
      k8sai top                         the live view
      k8sai top --once --sort-by free   a table, the emptiest nodes first
      k8sai top --by pending            the pods that wait for GPUs, and why
      k8sai top --by idle --prometheus auto   who holds cards that do nothing
      k8sai top -o json | jq .totals    numbers for a script
      k8sai top -w                      a line per change
      k8sai top --context a --context b   two clusters in one view
    """
    from k8sai.commands._meters import meter_of

    wanted = Wanted(
        options=options,
        names=tuple(names or ()),
        screen=not (once or output or watch or by or plain or no_headers) and _screen.has_screen(),
        output=output,
        by=by,
        watch=watch,
        plain=plain,
        recording=Path("/dev/stdin") if recording == Path("-") else recording,
        labels=labels,
        product=product,
        sort=sort,
        reverse=reverse,
        every_node=every_node,
        headings=not no_headers,
        meter=meter_of(
            dcgm=dcgm,
            prometheus=prometheus,
            headers=prometheus_headers or (),
            window=window,
            below=idle_below,
            price_file=prices,
        ),
    )
    refuse_contradictions(wanted, once=once, every_namespace=every_namespace)
    if every_context or len(contexts) > 1:
        from k8sai.commands import _contexts

        return _contexts.top(wanted, contexts, every=every_context)
    if wanted.recording:
        _talk.carry(["--from", str(recording)])
    if wanted.watch:
        from k8sai.commands._watch import follow

        return follow(options, wanted.scope(), documents=output == "json", plain=plain, meter=wanted.meter)
    if wanted.screen:
        from k8sai.commands._top_screen import show

        return show(wanted)
    from k8sai.commands import _top_once

    return _top_once.once(wanted)


main = entry(_flags.connected(top), "top")
