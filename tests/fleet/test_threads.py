"""Several writers and a reader at once: sums agree at every look, and in the end."""

from collections.abc import Callable
from threading import Thread

from k8sai.facts import Object
from k8sai.fleet.index import Fleet
from tests.fleet.facts_by_hand import card, claim, claiming, node, pod, resource_slice

NODES = 30


def test_writers_of_all_kinds_and_a_reader() -> None:
    fleet = Fleet()
    failures: list[str] = []
    facts: dict[str, list[Object]] = {
        "nodes": [node(f"n{at}") for at in range(NODES)],
        "pods": [
            *(pod(f"p{at}", 3, f"n{at}") for at in range(NODES)),
            *(claiming(f"q{at}", f"c{at}", node=f"n{at}") for at in range(NODES)),
        ],
        "resourceslices": [resource_slice([card(0), card(1)], node=f"n{at}") for at in range(NODES)],
        "resourceclaims": [claim(f"c{at}", ["gpu-0"], pool=f"n{at}", reserved=(f"q{at}",)) for at in range(NODES)],
    }

    def write(kind: str) -> Callable[[], None]:
        def work() -> None:
            for _ in range(5):
                for obj in facts[kind]:
                    fleet.put(kind, obj)  # type: ignore[arg-type]
                fleet.replace(kind, facts[kind][: NODES // 2])  # type: ignore[arg-type]
            fleet.replace(kind, facts[kind])  # type: ignore[arg-type]

        return work

    writers = [Thread(target=write(kind)) for kind in facts]

    def read() -> None:
        while any(writer.is_alive() for writer in writers):
            totals = fleet.totals()
            if totals.unhealthy != totals.capacity - totals.allocatable or totals.used < 0:
                failures.append(str(totals))
            for name in fleet.node_names()[:3]:
                try:
                    fleet.node(name)
                except KeyError:
                    continue  # gone since

    for writer in writers:
        writer.start()
    reader = Thread(target=read)
    reader.start()
    for thread in (*writers, reader):
        thread.join()
    assert failures == []
    assert fleet.totals().capacity == NODES * 10
    assert fleet.totals().used == NODES * 4
    assert fleet.totals().free == NODES * 6
