"""An answer that goes on: the chunks of a watch as they come, until either side has enough."""

from collections.abc import Callable, Iterator
from threading import Lock
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from urllib3.response import BaseHTTPResponse

    from k8sai.errors import ClusterError

_PIECE = 1 << 16  # bytes at most in one chunk; what has arrived is given at once, without waiting for more


class Stream:
    """Iterates over chunks; ends when the server ends it or `close` is called, from any thread.

    Raises what `explain` makes of a broken connection or of a silence longer than the idle timeout.
    """

    def __init__(
        self,
        response: "BaseHTTPResponse",
        explain: "Callable[[Exception], ClusterError]",
        ended: "Callable[[Stream], None]",
        piece: int = 0,
    ) -> None:
        """`piece` is how many bytes to wait for where more are to come; 0 gives what has arrived."""
        self._response = response
        self._explain = explain
        self._ended = ended
        self._piece = piece
        self._lock = Lock()
        self._closed = False
        self.content_type = response.headers.get("Content-Type", "")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        self._response.close()

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if self._closed:
            raise StopIteration
        try:
            chunk = self._response.read(self._piece) if self._piece else self._response.read1(_PIECE)
        except Exception as error:
            if self._closed:  # our own close woke the read
                raise StopIteration from None
            self.close()
            raise self._explain(error) from error
        if self._closed or not chunk:
            self.close()
            raise StopIteration
        return chunk

    def close(self) -> None:
        """End it. A read that waits in another thread returns at once."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
        self._ended(self)
        try:
            self._response.shutdown()
        except (OSError, ValueError, RuntimeError):
            return  # the connection is gone already
