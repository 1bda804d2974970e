"""The live GPU view on an embedded cluster: nothing to install, nothing to connect to."""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from k8sai.cluster.options import Options
from k8sai.commands import _print, _screen, _talk
from k8sai.commands._door import entry
from k8sai.view import Note

if TYPE_CHECKING:
    from k8sai.sim.cluster import Sim

_DRAIN = "drain"  # the scenario with a training of real processes
_RICHEST = "demo"  # the scenario that has a Prometheus, which knows what its cards did, and rollouts
_REST = 15.0  # seconds the first pods get to start before a snapshot is printed


def demo(
    *,
    scenario: Annotated[str, typer.Option("--scenario", metavar="NAME", help="demo, huge, …, or a file.")] = "demo",
    nodes: Annotated[
        int | None, typer.Option("--nodes", metavar="N", help="Size of a scenario that scales, such as huge.")
    ] = None,
) -> int:
    """The live GPU view on an embedded cluster: nothing to install, nothing to connect to.

    On a terminal this is the full-screen view of `k8sai top`; in a pipe it prints what `k8sai top --once` prints.
    Two models are rolled out meanwhile: one is well, the other fails its gate (the pane of canaries shows both). A
    training of real processes is drained off its node and goes on elsewhere from the same step (the pane of evictions).

    \b
    Examples:
      k8sai demo                                 48 nodes, six teams, everything that can be wrong
      k8sai demo --scenario huge --nodes 5000    40,000 GPUs
    """
    from k8sai.sim.cluster import Sim

    lively = _screen.has_screen() and scenario in (_RICHEST, _DRAIN)
    with (
        tempfile.TemporaryDirectory(prefix="k8sai-demo-") as place,
        Sim(scenario, nodes=nodes, processes=lively) as sim,
    ):
        kubeconfig = Path(place) / "kubeconfig"
        sim.write_kubeconfig(kubeconfig, "k8sai-demo")
        options = Options(kubeconfig=str(kubeconfig))
        if not _screen.has_screen():
            return _snapshot(sim, options)
        with _operated(sim, scenario, kubeconfig):
            return _live(options, metered=scenario == _RICHEST)


@contextmanager
def _operated(sim: "Sim", scenario: str, kubeconfig: Path) -> Iterator[None]:
    """What goes on while somebody looks. Only scenarios of ours run processes: nothing that was downloaded does."""
    from k8sai.commands._demo_drain import drain
    from k8sai.commands._demo_rollouts import operators

    with ExitStack() as stack:
        if scenario == _RICHEST:
            sim.add(_DRAIN)
            stack.enter_context(operators(kubeconfig))
        if scenario in (_RICHEST, _DRAIN):
            stack.enter_context(drain(kubeconfig))
        yield


def _live(options: Options, *, metered: bool) -> int:
    from k8sai.commands._feed import screen_feed
    from k8sai.commands._meters import Meter
    from k8sai.fleet.index import Fleet

    fleet = Fleet()
    return _screen.show(fleet, screen_feed(options, fleet, Meter(auto=True) if metered else None), keeps=False)


def _snapshot(sim: "Sim", options: Options) -> int:
    from k8sai.commands.top import top

    with _talk.Progress("waiting for the first pods to start"):
        sim.settled(_REST)
    code = top(options, once=True)
    _print.flush()
    _talk.note(
        Note("the embedded cluster ended with this command", hint="`k8sai sim up demo` keeps one for any client")
    )
    return code


main = entry(demo, "demo")
