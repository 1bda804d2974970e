"""`evict run`: carry a drain out."""

from pathlib import Path
from typing import Annotated

import typer

from k8sai.cluster.options import Options
from k8sai.commands import _evict_flags as flags


def run(
    options: Options,
    nodes: flags.Nodes = None,
    *,
    selector: flags.Selector = "",
    gang: flags.Gang = "",
    device: flags.Device = "",
    plan: Annotated[
        Path | None,
        typer.Option(
            "--plan", metavar="FILE", help="The plan that was agreed to, of `plan --out`.", show_default=False
        ),
    ] = None,
    partial: Annotated[bool, typer.Option("--partial", help="Leave what the plan refuses, drain the rest.")] = False,
    yes: Annotated[bool, typer.Option("-y", "--yes", help="Do not ask.")] = False,
    max_loss: flags.MaxLoss = None,
    price: flags.Price = None,
    contract: flags.Contracts = None,
    delete_emptydir_data: flags.Emptydir = False,
    disable_eviction: flags.DisableEviction = False,
    force: flags.Force = False,
    grace_period: flags.Grace = -1,
    ignore_daemonsets: flags.Daemons = False,
    pod_selector: flags.PodSelector = "",
    timeout: flags.Timeout = "",
    max_parallel_gangs: flags.Parallel = 1,
    on_timeout: flags.OnTimeout = "skip",
    deadline: flags.Deadline = "",
    wait_ready: flags.WaitReady = "",
    accept_proof: flags.AcceptProof = "",
    allow_park: flags.AllowPark = False,
    gang_pdb: flags.GangPdb = "respect",
    reason: flags.Reason = "",
    state_namespace: flags.StateNamespace = "",
    output: flags.Output = "table",
) -> int:
    """Drain nodes: cordon them all, then of each gang ask for a checkpoint, prove it, stop it once, let it start again.

    The plan is shown and a yes is asked for, with the GPU-hours it costs. Each write stands in a ConfigMap before it is
    made: whatever breaks off, `resume` goes on and `abort` takes back what can be taken back. A gang whose checkpoint
    is not proven in time runs on, unless --on-timeout says otherwise. Pods that are no gang's are evicted last.

    \b
    Exit codes:
      0    done, every gang proven and started again
      3    the API server cannot be reached; `resume` goes on
      5    the plan refuses something, and --partial was not given; nothing was written
      6    a gang finds no room elsewhere, and --allow-park was not given; nothing was written
      7    the cluster is not as it was planned with; nothing was written
      8    another operator holds a node, a gang or the drain
      10   stopped as planned, and not running again within --wait-ready
      11   a disruption budget let a pod not go in time
      12   a checkpoint failed or was not proven in time; that gang runs on
      14   some of it is done; or a gang went on from an older step than was proven
      16   a right is missing
      130  interrupted; `resume` goes on

    \b
    Examples:
      k8sai evict run gpu-1 gpu-2 --ignore-daemonsets
      k8sai evict run --plan plan.json --yes
      k8sai evict run -l rack=r7 --ignore-daemonsets --max-parallel-gangs 4 --deadline 2h --wait-ready 15m
    """
    from k8sai.commands._evict_run_run import Asked, drain

    flags.refuse_deletion(disable_eviction)
    made = flags.settings(
        on_timeout=on_timeout,
        parallel=max_parallel_gangs,
        deadline=deadline,
        timeout=timeout,
        wait_ready=wait_ready,
        accept_proof=accept_proof,
        allow_park=allow_park,
        gang_pdb=gang_pdb,
        force=force,
        ignore_daemonsets=ignore_daemonsets,
        delete_emptydir=delete_emptydir_data,
        grace=grace_period,
        pod_selector=pod_selector,
        device=device,
        reason=reason,
    )
    wish = flags.wish(
        "",
        tuple(nodes or ()),
        selector,
        gang,
        device,
        made,
        tuple(contract or ()),
        max_loss,
        price,
        state_namespace,
    )
    return drain(Asked(options, wish, plan, partial, yes, output))
