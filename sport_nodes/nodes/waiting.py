"""Holding something back until other nodes are active."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray

from sport_nodes import topics
from sport_nodes.nodes import qos
from sport_nodes.nodes.guarded import GuardedNode


class ActiveNodes:
    """Hears on /diagnostics who of its own namespace is active. Use from a node's `activate`."""

    def __init__(self, node: GuardedNode, awaited: Iterable[str]) -> None:
        self._node = node
        namespace = node.get_namespace().strip("/")
        self._awaited = {f"{namespace}/{name}" if namespace else name for name in awaited}
        self._all = threading.Event()
        if self._awaited:
            node.subscribe(DiagnosticArray, topics.DIAGNOSTICS, self._on_diagnostics, qos.STREAM)
        else:
            self._all.set()

    def wait(self) -> None:
        """Return when all are active, or `release` was called. Not from the executor's thread."""
        self._all.wait()

    def release(self) -> None:
        self._all.set()

    def _on_diagnostics(self, message: Any) -> None:
        for status in message.status:
            if any(pair.key == "active" and pair.value == "true" for pair in status.values):
                self._awaited.discard(status.name)
        self._node.health.figure("waiting for", ", ".join(sorted(self._awaited)) or "nobody")
        if not self._awaited:
            self._all.set()
