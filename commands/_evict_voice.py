"""What a verb of `evict` says while it works: a line for each thing that happens, and what is waited for."""

import time
from typing import TYPE_CHECKING, Final

from k8sai.commands import _talk, _voice

if TYPE_CHECKING:
    from k8sai.evict.running.hands import News

_PATIENCE: Final = 10.0  # seconds until what is waited for is told elsewhere than on a terminal


class Voice(_voice.Voice):
    """Elsewhere than on a terminal each thing that is waited for is told once, after a while."""

    def __init__(self, output: str) -> None:
        super().__init__("evict", output)
        self._waits: set[str] = set()
        self._since = time.monotonic()

    def tell(self, news: "News") -> None:
        """Something has happened, or is waited for."""
        text = f"{news.on}: {news.text}" if news.on else news.text
        if news.word == "wait":
            self.wait(f"waits for {text}")
        else:
            self._since = time.monotonic()
            self.say(news.at, text)

    def wait(self, why: str) -> None:
        """On a terminal it changes in place."""
        self.progress.say(why)
        kind = "".join(one for one in why if not one.isdigit())
        if not _talk.live() and kind not in self._waits and time.monotonic() - self._since >= _PATIENCE:
            self._waits.add(kind)
            _talk.line(why)
