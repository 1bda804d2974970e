"""What `scaffold` is asked."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the flags say."""

    what: str
    sets: tuple[str, ...]
    values: tuple[str, ...]
    out: str
    namespace: str
    recipe_dirs: tuple[Path, ...]
    update: bool
    check: bool
    dry_run: bool
    overlays: tuple[str, ...]
    matrix: tuple[str, ...]
    summary: str
    asks: bool
    plain: bool

    @property
    def prints(self) -> bool:
        """Whether the files go to stdout."""
        return self.out in ("", "-")
