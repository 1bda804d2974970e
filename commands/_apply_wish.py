"""What `apply` was asked for, and what was read for it."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from k8sai.cluster.options import Options
from k8sai.cluster.writing import Writer
from k8sai.commands._apply_source import Source
from k8sai.deploy.applyset import Contents
from k8sai.deploy.check import Check
from k8sai.deploy.placing import Placed
from k8sai.deploy.plan import Choices
from k8sai.deploy.pruning import Inventory

if TYPE_CHECKING:
    from k8sai.cluster.connection import Connection


@dataclass(frozen=True, slots=True)
class Wish:
    """The flags."""

    options: Options
    recipe: str
    files: tuple[str, ...]
    recursive: bool
    kustomize: str
    sets: tuple[str, ...]
    values: tuple[str, ...]
    recipe_dirs: tuple[str, ...]
    dry_run: str
    diff: bool
    choices: Choices
    field_manager: str
    prune: bool
    set_name: str
    prune_also: tuple[str, ...]
    skip_preflight: bool
    wait: bool
    timeout: float | None
    rollback: bool
    yes: bool
    output: str
    careful: bool = False  # a yes is wanted for everything that would be written
    printed: str = ""  # the command that prints the same manifests, of a verb without flags for conflicts


@dataclass(slots=True)
class Scene:
    """What was read: the set, the server it goes to, and what that knows of the set."""

    wish: Wish
    source: Source
    connection: "Connection"
    writer: Writer
    placed: Placed
    inventory: Inventory | None
    at: str
    checks: list[Check] = field(default_factory=list)
    still: Contents = field(default_factory=Contents)  # what has left the set and stays in the cluster

    @property
    def labels(self) -> dict[str, str]:
        return self.inventory.owner.labels if self.inventory else {}
