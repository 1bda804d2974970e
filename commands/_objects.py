"""Names for completion: contexts, clusters and users from the kubeconfig; namespaces, nodes, pods and what `queue`,
`canary` and `evict` are about from the cluster.

A key press must not wait for a network: another process asks the cluster and writes the answer to a file of the user's
cache folder (mode 0600); this one looks at the file until its time is up. What comes too late serves the next press.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from hashlib import sha256
from pathlib import Path
from typing import Any

from k8sai.cluster import kubeconfig
from k8sai.cluster.options import Options
from k8sai.commands import _canary_words, _evict_words, _queue_words
from k8sai.commands._spelling import long_name

BUDGET = 0.3  # seconds from the start of the completion
_FRESH = 30.0  # seconds an answer is shown without asking again
_KEPT = 3600.0  # seconds an old answer is better than none
_LOOK = 0.01  # seconds between looks at the file
_ASKING = 10.0  # seconds after which another process may ask
_MOST = 1000  # names asked for
_PATHS = {
    "namespaces": "/api/v1/namespaces",
    "nodes": "/api/v1/nodes",
    "pods": "/api/v1/namespaces/{namespace}/pods",
}
_NAMES_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1, application/json"


def names(source: str, used: Mapping[str, Sequence[str]]) -> list[str]:
    """The names of a source; `used` are the flags on the line with their values. Raises what reading them raises."""
    if source in _PATHS or source in (*_queue_words.SOURCES, *_canary_words.SOURCES, *_evict_words.SOURCES):
        return _objects(source, _options(used))
    known = kubeconfig.load(_last(used, "--kubeconfig"))
    found = {"contexts": known.contexts, "clusters": known.clusters, "users": known.users}
    return sorted(found[source])


def _last(used: Mapping[str, Sequence[str]], flag: str) -> str:
    values = used.get(flag, ())
    return values[-1] if values else ""


def _options(used: Mapping[str, Sequence[str]]) -> Options:
    texts = {f.name: _last(used, long_name(f.name)) for f in fields(Options) if isinstance(f.default, str)}
    return Options(
        **texts,
        as_group=tuple(used.get("--as-group", ())),
        insecure_skip_tls_verify="--insecure-skip-tls-verify" in used,
    )


def _objects(source: str, options: Options) -> list[str]:
    end = time.monotonic() + BUDGET
    file = _folder() / f"{_key(source, options)}.json"
    if _age(file) > _FRESH:
        before = _written(file)
        _ask_elsewhere(source, options, file)
        while _written(file) == before and time.monotonic() < end:
            time.sleep(_LOOK)
    if _age(file) > _KEPT:
        return []
    return [str(name) for name in json.loads(file.read_bytes())]


def _folder() -> Path:
    """The folder of the answers, nobody else's to read."""
    from platformdirs import user_cache_path

    folder = user_cache_path("k8sai") / "completion"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _key(source: str, options: Options) -> str:
    """One file per source, flags and kubeconfig; another context or a new login is another kubeconfig."""
    explicit = options.kubeconfig or os.environ.get("KUBECONFIG", "") or str(Path.home() / ".kube/config")
    stamps = [_written(Path(name)) for name in explicit.split(os.pathsep)]
    return sha256(repr((source, options, explicit, stamps)).encode()).hexdigest()[:32]


def _written(file: Path) -> int:
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return 0


def _age(file: Path) -> float:
    return time.time() - _written(file) / 1e9


def _ask_elsewhere(source: str, options: Options, file: Path) -> None:
    """Starts the process that asks, unless one is asking; what it needs to know travels where `ps` does not show it."""
    lock = file.with_suffix(".lock")
    if _age(lock) < _ASKING:
        return
    lock.touch(mode=0o600)
    asked = json.dumps({"source": source, "file": str(file), "options": asdict(options)})
    with subprocess.Popen(
        [sys.executable, "-m", "k8sai.commands._objects"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        assert process.stdin is not None
        process.stdin.write(asked.encode())
        process.stdin.close()
        process.returncode = 0  # nobody waits for it


def ask() -> None:
    """In the other process: asks the cluster and puts the answer in its file, whole or not at all."""
    asked = json.load(sys.stdin)
    file = Path(asked["file"])
    try:
        options = Options(**{**asked["options"], "as_group": tuple(asked["options"]["as_group"])})
        found = _from_cluster(asked["source"], options)
        fresh = file.with_suffix(f".{os.getpid()}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as out:
            json.dump(found, out)
        fresh.replace(file)
    finally:
        file.with_suffix(".lock").unlink(missing_ok=True)


def _from_cluster(source: str, options: Options) -> list[str]:
    from k8sai.cluster.connect import connect

    connection = connect(options)

    def listed(path: str, labels: str = "") -> list[Any]:
        query, half = {"limit": str(_MOST), **({"labelSelector": labels} if labels else {})}, _ASKING / 2
        answer = connection.request("GET", path, query=query, accept=_NAMES_ONLY, timeout=half, retry=False)
        return [item["metadata"] for item in json.loads(answer.body)["items"] or ()]  # of a custom kind null is none

    if source in _queue_words.SOURCES:
        return _queue_words.words(source, connection, listed)
    if source in _canary_words.SOURCES:
        return _canary_words.words(source, connection, listed)
    if source in _evict_words.SOURCES:
        return _evict_words.words(source, connection, listed)
    return [meta["name"] for meta in listed(_PATHS[source].format(namespace=connection.namespace))]


if __name__ == "__main__":
    ask()
