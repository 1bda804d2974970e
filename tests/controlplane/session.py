"""Which control planes one pytest session runs: one per set of feature gates, each started when first asked for."""

import os
import shutil
from pathlib import Path
from typing import Self

from tests.controlplane.kueue import forget_kueue
from tests.controlplane.server import ControlPlane

VARIABLE = "K8SAI_CONTROLPLANE_BIN"
_CORE = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl", "kwok")


def binaries() -> Path | str:
    """The folder of binaries, or the one sentence that says why there is none."""
    named = os.environ.get(VARIABLE, "")
    if not named:
        return f"{VARIABLE} is not set: it names the folder with {', '.join(_CORE)}"
    folder = Path(named).expanduser()
    missing = [name for name in _CORE if not (folder / name).is_file()]
    return f"{VARIABLE}: {folder} has no {', '.join(missing)}" if missing else folder


def kubectl() -> Path | None:
    """The kubectl that belongs to the control plane, else the one on PATH, else none."""
    folder = binaries()
    if isinstance(folder, Path):
        return folder / "kubectl"
    found = shutil.which("kubectl")
    return Path(found) if found else None


class ControlPlanes:
    """Ends all of them when the session ends."""

    def __init__(self, folder_of_binaries: Path, folder: Path) -> None:
        self.binaries, self.folder = folder_of_binaries, folder
        self._shared: dict[str, ControlPlane] = {}
        self._all: list[ControlPlane] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for plane in self._all:
            kueue_ran = plane.processes.runs("kueue")
            plane.stop()
            if kueue_ran:
                forget_kueue()

    def get(self, gates: str = "") -> ControlPlane:
        """The control plane with these feature gates, as kube-apiserver takes them: "GenericWorkload=true"."""
        if gates not in self._shared:
            self._shared[gates] = self.fresh(gates)
        return self._shared[gates]

    def fresh(self, gates: str = "", *, audit: bool = True) -> ControlPlane:
        """One that no other test has written to; its caller should stop it as soon as it can be spared."""
        plane = ControlPlane(self.binaries, self.folder / f"plane-{len(self._all)}", gates, audit=audit)
        plane.start()
        self._all.append(plane)
        return plane
