"""How tests of the map get to it, and what they ask of it."""

from k8sai.fleet.index import Fleet
from k8sai.tui.app import Cockpit
from k8sai.tui.map import Map
from tests.tui.stage import Stage, cockpit, number, press
from tests.tui.world import GPU, FixedFeed, live, node, pod


async def to_map(pilot: Stage, app: Cockpit) -> Map:
    await press(pilot, number("map"))
    assert isinstance(app.current, Map)
    return app.current


def at(app: Cockpit) -> tuple[str, str, int]:
    """The level, the node and the card under the cursor."""
    assert isinstance(app.current, Map)
    view = app.current.view
    return view.level, view.node, view.card


def many(nodes: int = 3000) -> Cockpit:
    """More nodes than a screen has lines, in two zones and cliques of 32."""
    fleet = Fleet()
    fleet.replace(
        "nodes",
        (
            node(f"n{n:04}", {GPU: 8}, zone=f"zone-{n % 2}", labels={"nvidia.com/gpu.clique": f"c.{n // 32}"})
            for n in range(nodes)
        ),
    )
    fleet.replace("pods", (pod("team-a", f"p{n}", n % 9, f"n{n:04}") for n in range(0, nodes, 2)))
    return cockpit(fleet, FixedFeed(*live(nodes, nodes // 2)))
