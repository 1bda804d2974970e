"""Draws the README's picture from a recording of the demo cluster: `python -m tests.picture docs/top.svg`.

With `--record` the recording is made anew first, from the embedded cluster.
"""

import sys
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from k8sai.cluster import recording
from k8sai.cluster.sources import Kind
from k8sai.facts import Object
from k8sai.fleet.index import Fleet
from k8sai.fleet.resources import builtin
from k8sai.tui.picture import render_svg

RECORDING = Path(__file__).parent / "clusters" / "demo.json.gz"
SIZE = (120, 34)  # columns, lines: what a README shows without scrolling
CONTEXT = "k8sai-demo"
_SETTLED = 60.0  # seconds the demo gets to start its pods


def draw(source: Path = RECORDING) -> str:
    """The screen as it was at the moment of the recording, watched live."""
    fleet = Fleet(builtin())
    recorded = recording.load(source, fleet)
    now = datetime.fromisoformat(recorded.at).timestamp()
    sources = [replace(one, state="live", at=now - 1) if one.state == "once" else one for one in recorded.sources]
    return render_svg(fleet, sources, context=recorded.context, now=now, size=SIZE)


class Kept:
    """A sink that keeps what it is given."""

    def __init__(self) -> None:
        self.objects: dict[Kind, dict[tuple[str, str], Object]] = {}

    def put(self, kind: Kind, obj: Object) -> None:
        self.objects.setdefault(kind, {})[obj.metadata.namespace, obj.metadata.name] = obj

    def drop(self, kind: Kind, obj: Object) -> None:
        self.objects.get(kind, {}).pop((obj.metadata.namespace, obj.metadata.name), None)

    def replace(self, kind: Kind, objects: Iterable[Object]) -> None:
        self.objects[kind] = {}
        for obj in objects:
            self.put(kind, obj)


def record(target: Path = RECORDING) -> None:
    """Start the demo, let it settle, and write what is in it."""
    import tempfile

    from k8sai.cluster.connect import connect
    from k8sai.cluster.once import read_once
    from k8sai.cluster.options import Options
    from k8sai.sim.cluster import Sim

    kept = Kept()
    with tempfile.TemporaryDirectory() as folder, Sim("demo") as sim:
        sim.settled(_SETTLED)
        sim.write_kubeconfig(Path(folder) / "config", CONTEXT)
        connection = connect(Options(kubeconfig=str(Path(folder) / "config")))
        hidden = [one for one in read_once(connection, kept) if one.state != "once"]
        connection.close()
    at = datetime.now(UTC).replace(microsecond=0).isoformat().replace("+00:00", "Z")
    objects = {kind: list(found.values()) for kind, found in kept.objects.items()}
    recording.save(target, context=CONTEXT, at=at, objects=objects, hidden=hidden)


if __name__ == "__main__":
    targets = [Path(argument) for argument in sys.argv[1:] if argument != "--record"]
    if "--record" in sys.argv:
        record()
    for target in targets:
        target.write_text(draw(), encoding="utf-8")
