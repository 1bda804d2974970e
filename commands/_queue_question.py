"""What `queue simulate` is asked."""

from dataclasses import dataclass
from pathlib import Path

from k8sai.cluster.options import Options


@dataclass(frozen=True, slots=True)
class Question:
    """The flags."""

    options: Options
    job: str
    file: str
    gpus: int | None
    pods: int | None
    cpu: str
    memory: str
    resource: str
    labels: tuple[str, ...]
    tolerate: tuple[str, ...]
    queue: str
    priority: str
    assume: tuple[str, ...]
    probe: bool
    yes: bool
    recording: Path | None
    output: str
    plain: bool
