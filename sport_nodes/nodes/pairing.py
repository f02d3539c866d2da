"""Messages whose stamps are nearly the same, as sets: message_filters, or as much of it as this graph uses.

The PyPI wheels of ROS 2 have no message_filters.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

try:
    from message_filters import ApproximateTimeSynchronizer, SimpleFilter
except ImportError:

    class SimpleFilter:  # type: ignore[no-redef]
        """Hands on what it is given."""

        def __init__(self) -> None:
            self._callbacks: list[Callable[..., None]] = []

        def registerCallback(self, callback: Callable[..., None]) -> None:  # noqa: N802  message_filters' name
            self._callbacks.append(callback)

        def signalMessage(self, *messages: Any) -> None:  # noqa: N802
            for callback in self._callbacks:
                callback(*messages)

    class ApproximateTimeSynchronizer(SimpleFilter):  # type: ignore[no-redef]
        """One message of each filter with stamps less than `slop` seconds apart; each is used once."""

        def __init__(self, filters: Sequence[Any], queue_size: int, slop: float) -> None:
            super().__init__()
            self._slop_ns, self._queue_size = round(slop * 1e9), queue_size
            self._queues: list[dict[int, Any]] = [{} for _ in filters]
            self._lock = threading.Lock()
            for queue, source in zip(self._queues, filters, strict=True):
                source.registerCallback(lambda message, queue=queue: self._add(message, queue))

        def _add(self, message: Any, queue: dict[int, Any]) -> None:
            stamp_ns = message.header.stamp.sec * 10**9 + message.header.stamp.nanosec
            with self._lock:
                queue[stamp_ns] = message
                while len(queue) > self._queue_size:
                    del queue[min(queue)]
                nearest = [min(q, key=lambda s: abs(s - stamp_ns), default=None) for q in self._queues]
                stamps = [s for s in nearest if s is not None]
                if len(stamps) < len(nearest) or max(stamps) - min(stamps) >= self._slop_ns:
                    return
                found = [q.pop(s) for q, s in zip(self._queues, stamps, strict=True)]
            self.signalMessage(*found)


class Pairing:
    """Calls back with one message of each of `count` topics whose stamps are within slop_s; feed it with `take`."""

    def __init__(self, count: int, callback: Callable[..., None], *, queue_size: int, slop_s: float) -> None:
        self._filters = [SimpleFilter() for _ in range(count)]
        self._synchronizer = ApproximateTimeSynchronizer(self._filters, queue_size, slop_s)
        self._synchronizer.registerCallback(callback)

    def take(self, topic: int, message: Any) -> None:
        """A message of one of the topics, numbered from 0."""
        self._filters[topic].signalMessage(message)
