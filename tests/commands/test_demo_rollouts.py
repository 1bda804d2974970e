"""The demo's rollouts: both are on their way while somebody looks, and nobody is left at them afterwards."""

import time
from pathlib import Path
from threading import Event

from k8sai.canary.keeping.listing import Listed, rollouts
from k8sai.cluster.connect import connect
from k8sai.cluster.objects import LiveObjects
from k8sai.cluster.options import Options
from k8sai.cluster.reading import Reading
from k8sai.commands._demo_rollouts import operators
from k8sai.sim.cluster import Sim


def test_both_are_begun_and_left_where_they_are(tmp_path: Path) -> None:
    config = tmp_path / "config"
    with Sim("demo") as sim:
        sim.write_kubeconfig(config)
        objects = LiveObjects(connect(Options(kubeconfig=str(config))))

        def found() -> tuple[Listed, ...]:
            return rollouts(Reading(objects), "inference", time.time())

        with operators(config):
            end = time.monotonic() + 120
            while len(seen := found()) < 2 or any(one.state is None or one.state.step < 0 for one in seen):
                assert time.monotonic() < end, seen
                Event().wait(0.2)  # other processes are at it
        assert all(one.holder is None for one in found())
