"""Work that takes longer than the executor may wait."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from sport_nodes.nodes.base import SportNode

Result = TypeVar("Result")


class Background:
    """One worker thread of a node. What it finds is handed back to the node's executor.

    A failure of the work appears on the node's diagnostics like one of a callback.
    """

    def __init__(self, node: SportNode, name: str) -> None:
        self._node = node
        self._name = name
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
        self._waiting: deque[Callable[[], None]] = deque()
        self._wake = node.create_guard_condition(self._drain)

    def submit(self, work: Callable[[], Result], then: Callable[[Result], None]) -> None:
        """Run `work` in the thread and, in the executor, `then` with its result. Jobs keep their order."""
        self._pool.submit(work).add_done_callback(lambda future: self.soon(lambda: self._finish(future, then)))

    def soon(self, call: Callable[[], None]) -> None:
        """From any thread: run this in the node's executor."""
        self._waiting.append(call)
        self._wake.trigger()

    def close(self) -> None:
        """Stop taking work; what has not begun is dropped, what runs is waited for."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._node.destroy_guard_condition(self._wake)

    def _drain(self) -> None:
        while self._waiting:
            self._node.guarded(self._name, self._waiting.popleft())()

    @staticmethod
    def _finish(future: Future[Result], then: Callable[[Result], None]) -> None:
        if not future.cancelled():
            then(future.result())
