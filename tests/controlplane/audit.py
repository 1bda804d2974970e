"""What a real API server's own audit log says that our program did."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from tests.controlplane.server import ControlPlane

Json = dict[str, Any]
_READS: Final = ("get", "list", "watch")
_REVIEWS: Final = ("selfsubjectaccessreviews", "selfsubjectrulesreviews", "selfsubjectreviews")


@contextmanager
def writes_during(plane: ControlPlane) -> Iterator[list[str]]:
    """Filled when the block ends: every write of ours in it that changed something or tried to, with its answer, as
    `patch nodes/gpu-1 200`. Trials and reviews are none.
    """
    log = plane.folder / "audit.log"
    start, found = log.stat().st_size, list[str]()
    yield found
    plane.api.get("/api/v1/namespaces", {"labelSelector": f"after={start}"}).ok()  # what comes after it in the log

    def since() -> str:
        with log.open("rb") as file:
            file.seek(start)
            return file.read().decode(errors="replace")

    plane.processes.wait("audit", lambda: f"after%3D{start}" in since())
    found += [said for line in since().splitlines() if (said := _write(line))]


def _write(line: str) -> str:
    """In a few words; "" for everything else."""
    try:
        entry: Json = json.loads(line)
    except ValueError:  # the last line may be cut
        return ""
    about = entry.get("objectRef", {})
    resource = about.get("resource", "")
    quiet = entry["verb"] in _READS or resource in _REVIEWS or "dryRun=All" in entry.get("requestURI", "")
    if quiet or not entry.get("userAgent", "").startswith("k8sai/"):
        return ""
    what = "/".join(filter(None, (resource, about.get("subresource", ""), about.get("name", ""))))
    return f"{entry['verb']} {what} {entry.get('responseStatus', {}).get('code', 0)}"
