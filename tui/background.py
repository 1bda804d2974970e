"""Work that may wait for a server, away from the screen's thread."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from threading import Thread
from typing import Any, TypeVar

from textual.dom import DOMNode
from textual.worker import Worker

T = TypeVar("T")


async def in_thread(work: Callable[[], T]) -> T:
    """`work`'s result, or what it raises. The thread is a daemon: a server that hangs keeps nobody from leaving."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(how: Callable[[Any], None], value: object) -> None:
        if not done.cancelled():
            how(value)

    def run() -> None:
        try:
            result = work()
        except Exception as error:
            tell(done.set_exception, error)
        else:
            tell(done.set_result, result)

    def tell(how: Callable[[Any], None], value: object) -> None:
        with suppress(RuntimeError):  # the screen is closed and its loop with it
            loop.call_soon_threadsafe(settle, how, value)

    Thread(target=run, name="k8sai-asking", daemon=True).start()
    return await done


def begin(node: DOMNode, task: Callable[[], Coroutine[Any, Any, None]], group: str) -> None:
    """Start a task that ends with the screen or widget it belongs to; a new one of its group takes its place."""
    _: Worker[None] = node.run_worker(task, group=group, exclusive=True)
