"""The live GPU view on an embedded cluster: nothing to install, nothing to connect to."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from k8sai.cluster.options import Options
from k8sai.commands import _print, _screen, _talk
from k8sai.commands._door import entry
from k8sai.view import Note

if TYPE_CHECKING:
    from k8sai.sim.cluster import Sim

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
    Two models are rolled out meanwhile: one is well, the other fails its gate (the pane of canaries shows both).

    \b
    Examples:
      k8sai demo                                 48 nodes, six teams, everything that can be wrong
      k8sai demo --scenario huge --nodes 5000    40,000 GPUs
    """
    from k8sai.sim.cluster import Sim

    with tempfile.TemporaryDirectory(prefix="k8sai-demo-") as place, Sim(scenario, nodes=nodes) as sim:
        kubeconfig = Path(place) / "kubeconfig"
        sim.write_kubeconfig(kubeconfig, "k8sai-demo")
        options = Options(kubeconfig=str(kubeconfig))
        if not _screen.has_screen():
            return _snapshot(sim, options)
        if scenario != _RICHEST:
            return _live(options, metered=False)
        from k8sai.commands._demo_rollouts import operators

        with operators(kubeconfig):
            return _live(options, metered=True)


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
