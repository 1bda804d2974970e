"""How a command that acts says what happens: a line for each thing, and in place what is waited for."""

from types import TracebackType
from typing import Self

from k8sai.ages import stamp
from k8sai.commands import _print, _talk


class Voice:
    """Lines go to stdout, to stderr where a document will stand there; on a terminal `progress` changes in place."""

    def __init__(self, title: str, output: str) -> None:
        self.progress = _talk.Progress(title)
        self._output = output

    def clear(self) -> None:
        """Room for a line of somebody else's."""
        self.progress.clear()

    def say(self, at: float, text: str) -> None:
        """A line with its time, epoch seconds."""
        self.clear()
        line = _talk.one_line(f"{stamp(at)} {text}")
        if self._output in ("json", "yaml", "name"):
            _talk.line(line)
        else:
            _print.outlived(lambda: _print.line(line))

    def __enter__(self) -> Self:
        self.progress.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.progress.__exit__(kind, value, trace)
