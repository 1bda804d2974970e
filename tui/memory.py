"""What the screen remembers from one start to the next, for each context in a file of its own."""

import json
import os
import re
import tempfile
from hashlib import blake2s
from pathlib import Path
from typing import Any


class Memory:
    """The file of one context; without a folder nothing is remembered. Nothing here raises: `complaint` says why not.

    Kept as JSON: `pane`, `tint`, `theme`, `namespace`, and under `panes` what each pane wants kept.
    """

    def __init__(self, folder: Path | None, context: str) -> None:
        self._file = folder / f"{file_name(context)}.json" if folder is not None else None
        self.complaint = ""

    def recall(self) -> dict[str, Any]:
        """What was kept; nothing where there is no file or it is broken."""
        if self._file is None:
            return {}
        try:
            kept = json.loads(self._file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            self.complaint = f"What the screen remembered cannot be read: {self._file}: {_reason(error)}"
            return {}
        if not isinstance(kept, dict):
            self.complaint = f"What the screen remembered cannot be read: {self._file} holds no JSON object"
            return {}
        return kept

    def keep(self, what: dict[str, Any]) -> None:
        """Write it, whole or not at all."""
        if self._file is None:
            return
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            number, name = tempfile.mkstemp(dir=self._file.parent, prefix=".screen-")
            try:
                with os.fdopen(number, "w", encoding="utf-8") as file:
                    json.dump(what, file, indent=1, sort_keys=True)
                Path(name).replace(self._file)
            except BaseException:
                Path(name).unlink(missing_ok=True)
                raise
        except OSError as error:
            self.complaint = f"What the screen shows cannot be remembered: {self._file}: {_reason(error)}"


def file_name(name: str) -> str:
    """A name of a cluster as a file's: readable, and never the same for two."""
    plain = re.sub(r"[^\w.-]+", "_", name).strip("._")[:60] or "unnamed"
    return plain if plain == name else f"{plain}-{blake2s(name.encode(), digest_size=4).hexdigest()}"


def _reason(error: Exception) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)
