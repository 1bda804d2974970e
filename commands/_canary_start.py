"""`canary start`: bring the new version up beside the old one, and wait until it serves."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from k8sai.cluster.options import Options
from k8sai.commands import _flags
from k8sai.commands._canary_flags import BackendName, DryRun, Names, Output, Plan, Prometheus, Timeout

_NEW = "The new version"
_GATE = "The gate"


def _new(*names: str, metavar: str, help: str) -> typer.models.OptionInfo:
    found: typer.models.OptionInfo = typer.Option(
        *names, metavar=metavar, help=help, rich_help_panel=_NEW, show_default=False
    )
    return found


def _gate(*names: str, metavar: str, help: str) -> typer.models.OptionInfo:
    found: typer.models.OptionInfo = typer.Option(*names, metavar=metavar, help=help, rich_help_panel=_GATE)
    return found


def start(
    options: Options,
    names: Names,
    *,
    image: Annotated[str, _new("--image", metavar="IMAGE", help="Of the container that serves.")] = "",
    model_uri: Annotated[str, _new("--model-uri", metavar="URI", help="Where its model is: hf://…, s3://….")] = "",
    values: Annotated[
        list[str] | None, _new("--set", metavar="PATH=VALUE", help="A field of its spec; may be repeated.")
    ] = None,
    patch_file: Annotated[
        Path | None, _new("-f", "--patch-file", metavar="FILE", help="Merged into its spec (RFC 7396).")
    ] = None,
    to: Annotated[str, _new("--to", metavar="KIND/NAME", help="What is there already: svc/chat-v2, a model.")] = "",
    name: Annotated[str, _new("--name", metavar="NAME", help="What the canary is called.")] = "",
    container: Annotated[str, _new("--container", metavar="NAME", help="Which container is meant.")] = "",
    rule: Annotated[str, _new("--rule", metavar="NAME", help="Which rule of a route.")] = "",
    header: Annotated[
        list[str] | None,
        _new("--header", metavar="KEY=VALUE", help="Requests with it go to the canary, whatever its weight."),
    ] = None,
    warm_replicas: Annotated[
        int | None, _new("--warm-replicas", metavar="N", help="Pods of the canary before it gets requests.")
    ] = None,
    swap: Annotated[bool, typer.Option("--swap", help="Take one replica of the stable side first.")] = False,
    steps: Annotated[
        str, typer.Option("--steps", metavar="LIST", help="Percent: 1,5,25,50,100.", show_default=False)
    ] = "",
    slo: Annotated[
        list[str] | None,
        _gate("--slo", metavar="SLO", help="errors<1%, ttft>2s<5%, itl>80ms<2%; may be repeated."),
    ] = None,
    no_gate: Annotated[
        bool, typer.Option("--no-gate", help="Steps pass by time alone.", rich_help_panel=_GATE)
    ] = False,
    min_samples: Annotated[int, _gate("--min-samples", metavar="N", help="Requests to the canary in a step.")] = 100,
    max_error: Annotated[
        str, _gate("--max-error", metavar="PERCENT", help="Errors that end it within tens of requests.")
    ] = "10%",
    warmup: Annotated[str, _gate("--warmup", metavar="TIME", help="After a shift, not counted.")] = "3m",
    interval: Annotated[str, _gate("--interval", metavar="TIME", help="Between two looks at the numbers.")] = "30s",
    gate_timeout: Annotated[str, _gate("--gate-timeout", metavar="TIME", help="Without a verdict.")] = "1h",
    no_data: Annotated[str, _gate("--no-data-deadline", metavar="TIME", help="Without numbers: paused.")] = "10m",
    on_inconclusive: Annotated[
        Literal["hold", "rollback", "promote"],
        typer.Option("--on-inconclusive", help="Without a verdict in time.", rich_help_panel=_GATE),
    ] = "hold",
    prometheus: Prometheus = "",
    ready_timeout: Annotated[
        str, typer.Option("--ready-timeout", metavar="TIME", help="For pods to serve; then they are taken away.")
    ] = "30m",
    keep_old: Annotated[
        str, typer.Option("--keep-old", metavar="TIME", help="After promotion, the old version.")
    ] = "30m",
    allow_gitops: Annotated[
        bool, typer.Option("--allow-gitops", help="Also where a GitOps controller may take the writes back.")
    ] = False,
    emit_patch: Annotated[
        bool, typer.Option("--emit-patch", help="Only print what GitOps needs to leave the weights alone.")
    ] = False,
    plan: Plan = False,
    dry_run: DryRun = "none",
    timeout: Timeout = "",
    backend: BackendName = "",
    output: Output = "table",
) -> int:
    """Make the canary at the lowest safe weight and wait until its model is loaded; `step` or `run` goes on.

    First it is looked whether there is room for its pods, whether GitOps would take the weights back, and whether all
    rights are there. What brings everything back is kept beside the target, in an immutable ConfigMap; then there is
    one write. The same command again goes on where it broke off.

    \b
    Exit codes:
      0    the canary serves
      4    there is no such target, or --to is not there
      5    a rollout is on its way, or it would not be safe; nothing was written
      6    no room: nothing was created; or it was not ready in time and was taken away
      7    somebody else wrote at the same moment; nothing was written
      8    another operator holds it
      12   it could not serve, and was taken away
      16   a right is missing; nothing was written
      124  --timeout: the same command again waits on

    \b
    Examples:
      k8sai canary start isvc/chat -n prod --model-uri hf://org/chat-v2 --slo 'errors<1%' --slo 'ttft>2s<5%'
      k8sai canary start httproute/chat --to svc/chat-v2 --steps 5,25,100
      k8sai canary start rollout/chat --image registry/chat:2 --plan
    """
    from k8sai.commands._canary_kept import dry
    from k8sai.commands._canary_scene import Asked
    from k8sai.commands._canary_start_run import Begin, run
    from k8sai.commands._canary_start_wish import Gating, Version, settings, wish

    version = Version(
        image, model_uri, tuple(values or ()), patch_file, to, name, container, rule, tuple(header or ()), swap=swap
    )
    gating = Gating(
        slos=tuple(slo or ()),
        gated=not no_gate,
        min_samples=min_samples,
        max_error=max_error,
        times={
            "--warmup": warmup,
            "--interval": interval,
            "--gate-timeout": gate_timeout,
            "--no-data-deadline": no_data,
            "--ready-timeout": ready_timeout,
            "--keep-old": keep_old,
        },
        on_inconclusive=on_inconclusive,
        prometheus=prometheus,
        allow_gitops=allow_gitops,
    )
    seconds = _flags.seconds("--timeout", timeout)
    asked = Asked(options, tuple(names), backend, dry(plan, dry_run), output, seconds, prometheus)
    return run(asked, Begin(wish(version, warm_replicas), settings(gating), steps, emit_patch))
