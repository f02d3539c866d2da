"""Work that takes longer than the executor may wait."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final, TypeVar

from rclpy.task import Future as RosFuture

if TYPE_CHECKING:
    from sport_nodes.nodes.base import SportNode

Result = TypeVar("Result")


def one_thread() -> Executor:
    """For work that mostly waits, or is short."""
    return ThreadPoolExecutor(max_workers=1)


def one_process() -> Executor:
    """For work that computes: it shares no interpreter lock with the node's callbacks. What it is given is pickled."""
    return ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"), initializer=_live_with_parent)


class Background:
    """One worker of a node. What it finds is handed back to the node's executor.

    A failure of the work appears on the node's diagnostics like one of a callback; a worker that died is replaced.
    """

    def __init__(self, node: SportNode, name: str, worker: Callable[[], Executor] = one_thread) -> None:
        self._node = node
        self._name = name
        self._worker = worker
        self._pool = worker()
        self._waiting: deque[Callable[[], None]] = deque()
        self._wake = node.create_guard_condition(self._drain)

    def submit(self, work: Callable[[], Result], then: Callable[[Result], None]) -> None:
        """Run `work` in the worker and, in the executor, `then` with its result. Jobs keep their order."""
        self._submit(work).add_done_callback(lambda done: self.soon(lambda: self._finish(done, then)))

    def result_of(self, work: Callable[[], Any]) -> RosFuture:
        """Run `work` in the worker; a coroutine in the executor may await its result, or what it raised."""
        told = RosFuture()

        def tell(done: Future[Any]) -> None:
            error = done.exception()
            told.set_result(done.result()) if error is None else told.set_exception(error)

        self._submit(work).add_done_callback(lambda done: self.soon(lambda: tell(done)))
        return told

    def wait(self) -> None:
        """Until all that was submitted is done; to be used before there is anything to hold up."""
        self._pool.submit(int).result()

    def soon(self, call: Callable[[], None]) -> None:
        """From any thread: run this in the node's executor."""
        self._waiting.append(call)
        self._wake.trigger()

    def close(self) -> None:
        """Stop taking work; what has not begun is dropped, what runs is waited for."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._node.destroy_guard_condition(self._wake)

    def _submit(self, work: Callable[[], Result]) -> Future[Result]:
        try:
            return self._pool.submit(work)
        except BrokenExecutor:
            self._pool = self._worker()
            return self._pool.submit(work)

    def _drain(self) -> None:
        while self._waiting:
            self._node.guarded(self._name, self._waiting.popleft())()

    @staticmethod
    def _finish(future: Future[Result], then: Callable[[Result], None]) -> None:
        if not future.cancelled():
            then(future.result())


#: A worker that computes yields to the graph's callbacks where there are fewer cores than work.
WORKER_NICENESS: Final = 5


def _live_with_parent() -> None:
    """In a worker process: yield to the node, leave Ctrl-C to it, and end with it however it ends."""
    os.nice(WORKER_NICENESS)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def follow() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=follow, daemon=True).start()
