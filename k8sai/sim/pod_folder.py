"""The folder that stands for a pod's file system, and what its volumes are in it.

There is no mount namespace: a mount path is a link in the pod's folder, and where a word of its command or environment
begins with a mount path, the folder's path is put before it.
"""

import base64
import contextlib
import posixpath
import re
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

from k8sai.sim import kinds
from k8sai.sim.kinds import Resource
from k8sai.sim.objects import Obj, name_of, namespace_of, uid_of

CONFIG_MAPS = kinds.find("", "configmaps")
SECRETS = kinds.find("", "secrets")
Find = Callable[[Resource, str, str], Obj | None]


class PodFolder:
    """Of one pod, below the cluster's own folder."""

    def __init__(self, place: Path, pod: Obj, find: Find) -> None:
        self.root = place / "pods" / f"{namespace_of(pod)}_{name_of(pod)}_{uid_of(pod)[:8]}"
        self.proc, self.logs = self.root / ".proc", self.root / ".logs"
        self._claims = place / "claims" / namespace_of(pod)
        self._find = find
        self._paths: list[str] = []

    def make(self, pod: Obj) -> None:
        """Make it, with every volume of the pod; again after a restart of its container, with what was there."""
        for folder in (self.root, self.proc, self.logs, self.root / "tmp"):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        volumes = {one["name"]: self._volume(one) for one in pod["spec"].get("volumes") or ()}
        self.refresh(pod)
        self._paths = []
        for mount in _mounts(pod):
            if mount["name"] in volumes:
                self._mount(mount, volumes[mount["name"]])

    def refresh(self, pod: Obj) -> None:
        """Write anew what volumes show of the API: labels and annotations, ConfigMaps, Secrets."""
        for volume in pod["spec"].get("volumes") or ():
            for name, content in self._shown(pod, volume):
                _write(self._of(volume["name"]) / _within(name), content)

    def inside(self, text: str) -> str:
        """A word as it must be outside: mount paths that it begins with, or that follow a separator, lie in here."""
        for path in self._paths:
            text = re.sub(rf"(?<![\w./-]){re.escape(path)}(?=/|[^\w./-]|$)", f"{self.root}{path}", text)
        return text

    def working(self, container: Obj) -> Path:
        """The folder its command starts in."""
        wanted = self.root / _within(container.get("workingDir", ""))
        wanted.mkdir(parents=True, exist_ok=True)
        return wanted

    def remove(self) -> None:
        """Everything but the claims, which outlive the pod."""
        shutil.rmtree(self.root, ignore_errors=True)

    def _of(self, volume: str) -> Path:
        return self.root / ".volumes" / volume

    def _volume(self, volume: Obj) -> Path:
        claim = (volume.get("persistentVolumeClaim") or {}).get("claimName")
        place = self._claims / claim if claim else self._of(volume["name"])
        place.mkdir(parents=True, exist_ok=True)
        return place

    def _mount(self, mount: Obj, volume: Path) -> None:
        path = f"/{_within(mount['mountPath'])}"
        target = volume / _within(mount.get("subPath", ""))
        if not target.exists():
            target.mkdir(parents=True)
        link = self.root / path[1:]
        link.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            link.symlink_to(target)
        self._paths.append(path)

    def _shown(self, pod: Obj, volume: Obj) -> Iterable[tuple[str, bytes]]:
        for source in (volume, *((volume.get("projected") or {}).get("sources") or ())):
            for item in (source.get("downwardAPI") or {}).get("items") or ():
                yield item["path"], downward(pod, item["fieldRef"]["fieldPath"]).encode()
            for kind, resource, key in (("configMap", CONFIG_MAPS, "name"), ("secret", SECRETS, "secretName")):
                wanted = source.get(kind) or {}
                name = wanted.get(key) or wanted.get("name")
                if name:
                    yield from _files(self._find(resource, namespace_of(pod), name), wanted.get("items"))


def _within(path: str) -> str:
    """A path as it is below a root: none leads out of it."""
    return posixpath.normpath(f"/{path}").lstrip("/")


def _mounts(pod: Obj) -> list[Obj]:
    """Of all containers, the longest paths last, so that a mount within a mount finds its folder."""
    found = [one for container in pod["spec"]["containers"] for one in container.get("volumeMounts") or ()]
    return sorted(found, key=lambda one: len(one["mountPath"]))


def _files(obj: Obj | None, items: list[Obj] | None) -> Iterable[tuple[str, bytes]]:
    data = content(obj)
    wanted = {one["key"]: one["path"] for one in items} if items else {key: key for key in data}
    return [(path, data[key]) for key, path in wanted.items() if key in data]


def content(obj: Obj | None) -> dict[str, bytes]:
    """What a ConfigMap or a Secret holds."""
    if obj is None:
        return {}
    plain = {key: str(value).encode() for key, value in (obj.get("data") or {}).items()}
    if obj.get("kind") == "Secret":
        plain = {key: base64.b64decode(value) for key, value in plain.items()}
    return plain | {key: base64.b64decode(value) for key, value in (obj.get("binaryData") or {}).items()}


def downward(pod: Obj, path: str) -> str:
    """A field of the pod as the downward API gives it; "" for those that are not there."""
    kind, _, key = path.partition("['")
    if key:
        return str(_at(pod, kind).get(key.removesuffix("']"), ""))
    if path in ("metadata.labels", "metadata.annotations"):
        lines = (f"{key}={_quoted(value)}" for key, value in sorted(_at(pod, path).items()))
        return "\n".join(lines)
    if path == "status.hostIP":
        return str((pod.get("status") or {}).get("hostIP", ""))
    outer, _, inner = path.partition(".")
    return str((pod.get(outer) or {}).get(inner, ""))


def _at(pod: Obj, path: str) -> Obj:
    return pod["metadata"].get(path.removeprefix("metadata.")) or {}


def _quoted(text: str) -> str:
    """As Go's %q."""
    import json

    return json.dumps(text, ensure_ascii=False)


def _write(path: Path, data: bytes) -> None:
    """At once, as the kubelet's links make it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.read_bytes() == data:
        return
    new = path.with_name(f".{path.name}.new")
    new.write_bytes(data)
    new.replace(path)
