"""`evict rbac`: the least ClusterRole, for the kinds that this cluster has."""

from typing import Annotated, Literal

import typer

from k8sai.cluster.options import Options


def rbac(
    options: Options,
    *,
    methods: Annotated[
        str,
        typer.Option("--methods", metavar="LIST", help="Ways to ask: exec,http,signal,annotation,evictionrequest."),
    ] = "exec,http,signal,annotation",
    only: Annotated[
        Literal["plan", "status", "run"],
        typer.Option("--for", help="What it is for: run has the rights of all verbs."),
    ] = "run",
    device: Annotated[bool, typer.Option("--device", help="With what `run --device` needs.")] = False,
    boost: Annotated[bool, typer.Option("--boost", help="With what `boost` needs.")] = False,
    name: Annotated[str, typer.Option("--name", metavar="NAME", help="Of the ClusterRole.")] = "k8sai-evict",
    output: Annotated[Literal["yaml", "json"], typer.Option("-o", "--output", help="How to print it.")] = "yaml",
) -> int:
    """Print the least ClusterRole that drains need here; nothing is written.

    Only kinds that the cluster serves are in it, and of ways to ask only those that are named. `plan` needs `create` of
    pods/eviction too: it tries evictions with dryRun.

    \b
    Examples:
      k8sai evict rbac | kubectl apply -f -
      k8sai evict rbac --for plan --name gpu-drain-viewer
      k8sai evict rbac --methods exec,signal --device
      k8sai evict rbac --for status --boost --name k8sai-boost
    """
    from k8sai.commands._evict_rbac_run import run

    return run(options, methods, only, name, output, device=device, boost=boost)
