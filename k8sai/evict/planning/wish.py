"""What is to be planned: which nodes, one gang or one GPU, and under which settings."""

from dataclasses import dataclass, field

from k8sai.evict.contracts.file import FileContract
from k8sai.evict.state import Settings


@dataclass(frozen=True, slots=True)
class Wish:
    """One of `nodes`, `selector` (of nodes), `gang` or `device` says what is drained.

    `gang` is `NAMESPACE/NAME`, `KIND/NAME` or `NAME`, the last two in `namespace`. `max_loss` is in GPU-hours, `price`
    per GPU-hour; None where nothing was said. `id` is taken where one is given: `run` makes the plan of a file again.
    """

    nodes: tuple[str, ...] = ()
    selector: str = ""
    gang: str = ""
    device: str = ""
    namespace: str = ""
    settings: Settings = field(default_factory=Settings)
    contracts: tuple[FileContract, ...] = ()
    max_loss: float | None = None
    price: float | None = None
    state_namespace: str = ""
    id: str = ""
