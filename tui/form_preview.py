"""The files of a form as they would be, with their comments set apart."""

import re
from collections.abc import Sequence

from rich.text import Text

from k8sai.cookbook.render import File
from k8sai.tui.ink import Inks

_KEY = re.compile(r"( *(?:- )*)([\w./-]+|\"[^\"]*\")(:)(?= |$)")
_COMMENT = re.compile(r"(?:^| )#.*$")


def preview(files: Sequence[File], inks: Inks, guessed: Sequence[str]) -> Text:
    """All files, each below its name. `guessed` are the parameters that an example stands for."""
    text = Text(no_wrap=True, overflow="ellipsis")
    if guessed:
        text.append(f"# with an example for {', '.join(guessed)}\n", inks["warn"])
    for number, file in enumerate(files):
        if len(files) > 1:
            text.append("\n" if number else "").append(f"{file.name}\n", inks["accent"])
        for line in file.text.splitlines():
            text.append_text(_line(line, inks)).append("\n")
    return text


def _line(line: str, inks: Inks) -> Text:
    text = Text(line)
    if found := _KEY.match(line):
        text.stylize(inks["key"], *found.span(2))
        text.stylize(inks["dim"], *found.span(3))
    found = _COMMENT.search(line)
    if found and line[: found.start()].count('"') % 2 == 0:
        text.stylize(inks["dim"], *found.span())
    return text
