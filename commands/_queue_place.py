"""What `queue stop` and `queue resume` act on: a queue or Workload, or a job's Workload, and the queues around it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from k8sai.cluster.options import Options
from k8sai.cluster.writing import Writer
from k8sai.commands import _queue_read
from k8sai.commands._queue_named import asked, find, place_of, workload_of
from k8sai.queues.acting.stopping import Place
from k8sai.queues.setting import Setting

if TYPE_CHECKING:
    from k8sai.cluster.connection import Connection
    from k8sai.cluster.objects import Objects


@dataclass(frozen=True, slots=True)
class Found:
    """The place in its cluster, as it is now."""

    connection: "Connection"
    objects: "Objects"
    writer: Writer
    setting: Setting
    place: Place


def look(options: Options, names: tuple[str, ...]) -> Found:
    """Raises Usage, NotFound, Forbidden, Refused, ClusterError."""
    what = asked(names)
    connection, objects = _queue_read.connected(options)
    writer = Writer(connection)
    target, live = find(writer, objects, connection.namespace, what)
    setting = _queue_read.setting(objects, connection.server, connection.namespace)
    place = Place(target, live)
    if place.kind not in ("ClusterQueue", "LocalQueue", "Workload"):
        place = Place(*place_of(writer, workload_of(setting, writer, target, live)))
    return Found(connection, objects, writer, setting, place)
