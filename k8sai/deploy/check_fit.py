"""Would the pods of new workloads start now: the scheduler's rules and the namespace's quotas, as `fit` answers it."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from k8sai.cluster.live import read_once
from k8sai.cluster.objects import LiveObjects
from k8sai.cluster.tee import Tee
from k8sai.deploy.check import Check, Level
from k8sai.deploy.plan import Item
from k8sai.errors import ClusterError, Forbidden, Usage
from k8sai.fit.answer import Answer
from k8sai.fit.cluster import Cluster
from k8sai.fit.manifests import read as read_pods
from k8sai.fit.reading import Reader, insist, unread
from k8sai.fit.say import sentence
from k8sai.pod_specs import pod_specs
from k8sai.quantity import BadQuantity

if TYPE_CHECKING:
    from k8sai.cluster.connection import Connection

_EVERYWHERE = "DaemonSet"  # a pod on every node is no number of pods


def would_fit(connection: "Connection", namespace: str) -> Callable[[list[Item]], Iterator[Check]]:
    """Reads the cluster when it is asked, and only where there are pods to ask for."""

    def ask(new: list[Item]) -> Iterator[Check]:
        having = [item for item in new if item.manifest.kind != _EVERYWHERE]
        if not any(map(_starts_pods, having)):
            return
        yield from _asked(connection, namespace, having)

    return ask


def _starts_pods(item: Item) -> bool:
    """It has a pod template, or its runtime has; a predictor of KServe is none: `fit` knows nothing of its replicas."""
    pods = pod_specs(item.manifest.object)
    return item.manifest.kind == "TrainJob" or any(pod.where.rpartition(".")[2] == "spec" for pod in pods)


def _asked(connection: "Connection", namespace: str, items: list[Item]) -> Iterator[Check]:
    cluster = Cluster()
    reader = Reader(LiveObjects(connection))
    try:
        sources = read_once(connection, Tee(*cluster.sinks))
        insist(sources)
        pods = read_pods([item.manifest.object for item in items], namespace, items[0].manifest.file, reader.runtime)
        if not pods.groups:
            return
        found = cluster.answer(reader, pods)
    except (Forbidden, ClusterError) as error:
        yield Check("fit", "warn", f"whether it would start now is not known: {error.message}", error.hint)
        return
    except (Usage, BadQuantity) as error:
        yield Check("fit", "warn", f"whether it would start now is not known: {error}")
        return
    guessed = bool(unread(sources) or reader.hidden)
    for barrier in found.barriers:
        yield Check("quota", "fail", barrier.text) if barrier.never else Check("quota", "warn", barrier.text)
    if found.shorts or found.fits or not found.barriers:
        level: Level = "ok" if found.fits and not guessed else "warn"
        yield Check("fit", level, sentence(found, guessed=guessed).rstrip("."), "" if found.fits else _change(found))


def _change(found: Answer) -> str:
    return f"it would do to {found.changes[0].text}" if found.changes else ""
