"""Tables and texts of the screen as files."""

import csv
import os
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import IO

from k8sai.errors import Usage
from k8sai.tui.memory import file_name


def save_rows(
    folder: Path | None, name: str, at: float, titles: Sequence[str], rows: Iterable[Sequence[str]]
) -> tuple[Path, int]:
    """A CSV file with headings; where it is, and how many rows it has. Raises Usage where no file can be written."""
    written = 0

    def write(file: IO[str]) -> None:
        nonlocal written
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(titles)
        for row in rows:
            writer.writerow(row)
            written += 1

    return _save(folder, name, at, "csv", write), written


def save_text(folder: Path | None, name: str, at: float, suffix: str, lines: Iterable[str]) -> Path:
    """A text file; where it is. Raises Usage where no file can be written."""
    return _save(folder, name, at, suffix, lambda file: file.writelines(f"{line}\n" for line in lines))


def _save(folder: Path | None, name: str, at: float, suffix: str, write: Callable[[IO[str]], None]) -> Path:
    """For nobody else's eyes, as everything that comes from a cluster; a file that is there is never written over."""
    if folder is None:
        raise Usage("This screen was opened without a folder to save to.")
    moment = datetime.fromtimestamp(at).strftime("%Y%m%d-%H%M%S")
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for number in range(1, 1000):
            more = f"-{number}" if number > 1 else ""
            path = folder / f"{file_name(name)}-{moment}{more}.{suffix}"
            try:
                opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            except FileExistsError:
                continue
            with os.fdopen(opened, "w", encoding="utf-8", newline="") as file:
                write(file)
            return path
    except OSError as error:
        raise Usage(f"Nothing was saved: {folder}: {error.strerror or error}") from error
    raise Usage(f"Nothing was saved: {folder} has too many files of this second.")
