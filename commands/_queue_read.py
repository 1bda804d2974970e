"""What every verb of `queue` begins with: the cluster's Kueue, or that of a recording."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

from k8sai.cluster.options import Options
from k8sai.commands import _flags, _talk
from k8sai.errors import NotFound, Usage

if TYPE_CHECKING:
    from k8sai.cluster.connection import Connection
    from k8sai.cluster.objects import Objects
    from k8sai.queues.positions import Ask
    from k8sai.queues.setting import Setting


_INSTALL: Final = "install Kueue, or name the cluster that has it with --context"
_MAKE_ONE: Final = "make one with: kubectl get cq,lq,wl,rf,cohort,ns,jobs,nodes,pods -A -o json > FILE"


def connected(options: Options, *, others: bool = False) -> "tuple[Connection, Objects]":
    """Raises NotFound where the cluster has no Kueue, nor with `others` queues of another scheduler."""
    from k8sai.cluster.connect import connect
    from k8sai.cluster.objects import LiveObjects

    connection = connect(options)
    objects = LiveObjects(connection)
    insist(objects, connection.server, others=others)
    return connection, objects


def insist(objects: "Objects", server: str, hint: str = _INSTALL, *, others: bool = False) -> None:
    """Raises NotFound where there is no Kueue, nor with `others` queues of another scheduler."""
    from k8sai.queues.others.lists import served
    from k8sai.queues.setting import CLUSTER_QUEUES

    if not objects.served(CLUSTER_QUEUES) and not (others and served(objects)):
        what = "hold" if hint is _MAKE_ONE else "serve"
        raise NotFound(f"{server} has no Kueue: it does not {what} {CLUSTER_QUEUES}", hint)


def setting(objects: "Objects", server: str, namespace: str = "") -> "Setting":
    """Read, with progress; what is denied everywhere is read in `namespace` alone."""
    from k8sai.queues.setting import read

    with _talk.Progress(f"reading the queues of {server}"):
        return read(objects, namespace)


def ask(objects: "Objects") -> "Ask | None":
    """How to ask Kueue itself for positions; None of a recording."""
    from k8sai.cluster.objects import LiveObjects

    return objects.ask if isinstance(objects, LiveObjects) else None


def read(options: Options, recording: Path | None, *, others: bool = False) -> "tuple[Setting, Objects, str]":
    """Of the cluster, or of a recording with `--from`; and the namespace that is meant."""
    if recording is None:
        connection, objects = connected(options, others=others)
        return setting(objects, connection.server, connection.namespace), objects, connection.namespace
    refuse_cluster(options)
    _talk.carry(["--from", str(recording)])
    from dataclasses import replace

    from k8sai.ages import epoch
    from k8sai.cluster.recording import open_recording
    from k8sai.queues.others.lists import KINDS
    from k8sai.queues.setting import CLUSTER_QUEUES

    groups = {kind.partition(".")[2] for kind in (CLUSTER_QUEUES, *KINDS)}
    file = Path("/dev/stdin") if recording == Path("-") else recording
    recorded, _, found = open_recording(file, groups=groups)
    insist(found, str(recording), _MAKE_ONE, others=others)
    return replace(setting(found, str(recording)), at=epoch(recorded.at)), found, options.namespace or "default"


def refuse_cluster(options: Options) -> None:
    """Raises Usage for connection flags beside --from."""
    given = [flag for flag in _flags.given(options) if flag != "--namespace"]
    if given:
        raise Usage(f"--from reads no cluster, so {given[0]} means nothing with it", "leave one of them out")
