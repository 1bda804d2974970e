"""Flags that the verbs of `evict` have in common: kubectl drain's by its names, and ours."""

import re
from collections.abc import Callable, Iterable
from functools import wraps
from inspect import Signature, signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from k8sai.cluster.options import Options
from k8sai.commands._flags import seconds
from k8sai.errors import Refused, Usage

if TYPE_CHECKING:
    from k8sai.evict.facts import Grade
    from k8sai.evict.planning.wish import Wish

_FOREVER = 10 * 365 * 86400.0  # seconds that nobody waits: `--timeout 0` is without an end, as in kubectl
_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")
_WHAT = "What is drained"
_DRAIN = "As in kubectl drain"
_CHECKPOINTS = "Checkpoints"


def _option(*names: str, help: str, metavar: str = "", panel: str = "") -> typer.models.OptionInfo:
    found: typer.models.OptionInfo = typer.Option(
        *names, metavar=metavar or None, help=help, rich_help_panel=panel or None, show_default=False
    )
    return found


Nodes = Annotated[list[str] | None, typer.Argument(metavar="[NODE]...", help="Nodes to drain.", show_default=False)]
Selector = Annotated[str, _option("-l", "--selector", metavar="LABELS", help="Nodes with these labels.", panel=_WHAT)]
Gang = Annotated[
    str, _option("--gang", metavar="NAMESPACE/NAME", help="One gang, wherever it runs; no node.", panel=_WHAT)
]
Device = Annotated[str, _option("--device", metavar="UUID", help="One GPU: who holds it; no node.", panel=_WHAT)]

Emptydir = Annotated[
    bool, _option("--delete-emptydir-data", help="Also evict pods whose emptyDir is lost with them.", panel=_DRAIN)
]
DisableEviction = Annotated[bool, _option("--disable-eviction", help="Refused: it would ask no budget.", panel=_DRAIN)]
Force = Annotated[bool, _option("--force", help="Also evict pods that nothing makes anew.", panel=_DRAIN)]
Grace = Annotated[int, _option("--grace-period", metavar="SECONDS", help="For pods to end; -1: theirs.", panel=_DRAIN)]
Daemons = Annotated[bool, _option("--ignore-daemonsets", help="Leave pods of DaemonSets where they are.", panel=_DRAIN)]
PodSelector = Annotated[
    str, _option("--pod-selector", metavar="LABELS", help="Of pods that are no gang's, only these.", panel=_DRAIN)
]
Timeout = Annotated[
    str, _option("--timeout", metavar="TIME", help="How long a disruption budget is waited for: 5m.", panel=_DRAIN)
]

Parallel = Annotated[
    int, _option("--max-parallel-gangs", metavar="N", help="That save at the same time; 1.", panel=_CHECKPOINTS)
]
OnTimeout = Annotated[
    Literal["skip", "evict", "abort"],
    typer.Option("--on-timeout", help="When a checkpoint is not proven in time.", rich_help_panel=_CHECKPOINTS),
]
Deadline = Annotated[
    str, _option("--deadline", metavar="TIME", help="For all of it: 2h from now, or a time.", panel=_CHECKPOINTS)
]
WaitReady = Annotated[
    str, _option("--wait-ready", metavar="TIME", help="Until the gangs run again: 15m.", panel=_CHECKPOINTS)
]
AcceptProof = Annotated[
    str,
    _option("--accept-proof", metavar="GRADE", help="The least for all gangs: A B C D E none.", panel=_CHECKPOINTS),
]
AllowPark = Annotated[
    bool, _option("--allow-park", help="Also stop gangs that find no room elsewhere now.", panel=_CHECKPOINTS)
]
GangPdb = Annotated[
    Literal["respect", "ignore"],
    typer.Option("--gang-pdb", help="Budgets that the stop of a gang would break.", rich_help_panel=_CHECKPOINTS),
]
Contracts = Annotated[
    list[Path] | None,
    _option("--contract", metavar="FILE", help="Contracts for gangs that cannot be edited.", panel=_CHECKPOINTS),
]
MaxLoss = Annotated[
    float | None, _option("--max-loss", metavar="GPU-HOURS", help="More than this is a finding.", panel=_CHECKPOINTS)
]
Price = Annotated[
    float | None, _option("--price", metavar="DOLLARS", help="Of one GPU-hour: shows money too.", panel=_CHECKPOINTS)
]
Reason = Annotated[str, _option("--reason", metavar="TEXT", help="Why; it is kept and told to the workloads.")]
StateNamespace = Annotated[
    str, _option("--state-namespace", metavar="NAMESPACE", help="Where it is remembered; k8sai-system.")
]
DrainId = Annotated[str, typer.Argument(metavar="ID", help="The drain's.", callback=lambda text: named(text))]
Output = Annotated[Literal["table", "wide", "json", "yaml"], typer.Option("-o", "--output", help="How to print it.")]


def named(drain: str) -> str:
    """The id of a drain that is acted on: an empty variable must not mean the newest one. Raises Usage."""
    if not drain.strip():
        raise Usage("the drain's ID is empty", "`k8sai evict status --all` shows the ids")
    return drain


def refuse_deletion(given: bool) -> None:
    """--disable-eviction is kubectl's way to delete past every budget. Raises Refused."""
    if given:
        raise Refused(
            "--disable-eviction deletes pods past every disruption budget: k8sai never does that",
            "leave it out; `k8sai evict plan` shows the budgets in the way, `kubectl drain` can delete",
        )


def _wish(
    nodes: Nodes = None,
    *,
    selector: Selector = "",
    gang: Gang = "",
    device: Device = "",
    max_loss: MaxLoss = None,
    price: Price = None,
    contract: Contracts = None,
    delete_emptydir_data: Emptydir = False,
    disable_eviction: DisableEviction = False,
    force: Force = False,
    grace_period: Grace = -1,
    ignore_daemonsets: Daemons = False,
    pod_selector: PodSelector = "",
    timeout: Timeout = "",
    max_parallel_gangs: Parallel = 1,
    on_timeout: OnTimeout = "skip",
    deadline: Deadline = "",
    wait_ready: WaitReady = "",
    accept_proof: AcceptProof = "",
    allow_park: AllowPark = False,
    gang_pdb: GangPdb = "respect",
    reason: Reason = "",
    state_namespace: StateNamespace = "",
) -> "Wish":
    """What is to be planned. Raises Usage, Refused, and NotFound for a file of contracts."""
    from k8sai.evict.contracts.file import read_contracts
    from k8sai.evict.planning.wish import Wish
    from k8sai.evict.state import Settings
    from k8sai.selectors import selector as selected

    refuse_deletion(disable_eviction)
    _insist_on_numbers(max_parallel_gangs, grace_period, max_loss, price)
    _insist_on_names(nodes or (), state_namespace)
    selected(pod_selector)
    selected(selector)
    known = Settings()
    waits, ready = seconds("--timeout", timeout), seconds("--wait-ready", wait_ready)
    settings = Settings(
        on_timeout=on_timeout,
        parallel=max_parallel_gangs,
        deadline=moment(deadline),
        pdb_wait=known.pdb_wait if waits is None else waits or _FOREVER,
        wait_ready=ready or 0.0,
        accept=grade(accept_proof),
        accept_forced=bool(accept_proof),
        allow_park=allow_park,
        ignore_gang_pdb=gang_pdb == "ignore",
        force=force,
        ignore_daemonsets=ignore_daemonsets,
        delete_emptydir=delete_emptydir_data,
        grace=grace_period,
        pod_selector=pod_selector,
        device=device,
        reason=reason or known.reason,
    )
    return Wish(
        nodes=tuple(nodes or ()),
        selector=selector,
        gang=gang,
        device=device,
        settings=settings,
        contracts=tuple(one for path in contract or () for one in read_contracts(str(path))),
        max_loss=max_loss,
        price=price,
        state_namespace=state_namespace,
    )


def wishing(command: Callable[..., int]) -> Callable[..., int]:
    """Gives a command in place of its parameter `wish` the flags that say what is drained and how."""
    asked = signature(_wish).parameters
    own = signature(command).parameters
    parameters = [p for one in own.values() for p in (asked.values() if one.name == "wish" else (one,))]

    @wraps(command)
    def run(options: Options, **given: Any) -> int:
        wish = _wish(**{name: given.pop(name) for name in asked})
        return command(options, wish=wish, **given)

    run.__signature__ = Signature(sorted(parameters, key=lambda p: p.kind))  # type: ignore[attr-defined]
    return run


def _insist_on_numbers(parallel: int, grace: int, loss: float | None, price: float | None) -> None:
    """Raises Usage for one that means nothing."""
    if parallel < 1:
        raise Usage(f"--max-parallel-gangs {parallel}: at least one", "leave it out for one after the other")
    if grace < -1:
        raise Usage(f"--grace-period {grace}: seconds, or -1 for what each pod says", "leave it out for theirs")
    for flag, number in (("--max-loss", loss), ("--price", price)):
        if number is not None and not 0 <= number < _FOREVER:
            raise Usage(f"{flag} {number:g}: a number from 0 on is expected", "leave it out where there is none")


def _insist_on_names(nodes: Iterable[str], namespace: str) -> None:
    """Raises Usage for what can be nobody's name: an empty variable, a path."""
    for node in nodes:
        if not _NAME.fullmatch(node.removeprefix("node/")):
            raise Usage(
                f"{node!r} is no name of a node", "`kubectl get nodes` shows them; an empty variable is no node"
            )
    if namespace and not _NAME.fullmatch(namespace):
        raise Usage(f"--state-namespace {namespace!r}: no name of a namespace", "`kubectl get namespaces`")


def grade(text: str) -> "Grade":
    """Of --accept-proof: a letter, or the contract's word. Raises Usage."""
    from k8sai.evict.facts import Grade

    words = {"": "B", "none": "-", "ack": "A", "verify": "B", "marker": "C"}
    said = words.get(text.casefold(), text.upper())
    found = next((one for one in Grade if one.value == said), None)
    if found is None:
        raise Usage(f"--accept-proof {text}: there is no such grade", "A, B, C, D, E or none; docs/evict.md, Proof")
    return found


def moment(text: str) -> float:
    """Epoch seconds of --deadline: `2h` from now, or an RFC 3339 time; 0 where nothing was said. Raises Usage."""
    import time

    from k8sai.ages import duration, epoch

    if not text:
        return 0.0
    try:
        return _to_come(text, epoch(text))
    except ValueError:
        pass
    try:
        length = float(text) if text.isdigit() else duration(text)
    except ValueError as error:
        raise Usage(f"--deadline {text}: {error}", "2h, or 2026-01-01T10:00:00Z") from error
    return _to_come(text, time.time() + length)


def _to_come(text: str, at: float) -> float:
    import time

    if at <= time.time() + 1:
        raise Usage(f"--deadline {text}: that is over", "2h, or a time that is still to come")
    return at
