"""Watches a running graph from outside: who is active, where the trial stands, what came out."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any

import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from sport_coach.msg import CoachReport, Diagnosis, Keyframes, StageScores, Trial, TrialMotion
from std_msgs.msg import String

from sport_nodes import topics
from sport_nodes.nodes import qos

_WATCHED: dict[str, tuple[Any, Any]] = {
    topics.DIAGNOSTICS: (DiagnosticArray, qos.STREAM),
    topics.TRIAL_STATE: (Trial, qos.RESULT),
    topics.MOTION_TRIAL: (TrialMotion, qos.RESULT),
    topics.SCORE_LIVE: (StageScores, qos.STREAM),
    topics.SCORE_TRIAL: (StageScores, qos.RESULT),
    topics.KEYFRAMES: (Keyframes, qos.RESULT),
    topics.DIAGNOSIS: (Diagnosis, qos.RESULT),
    topics.COACH_REPORT: (CoachReport, qos.RESULT),
    topics.REPORT_PATH: (String, qos.RESULT),
    topics.RECORD_PATH: (String, qos.RESULT),
    topics.GROUND_TRUTH_TRIAL: (TrialMotion, qos.RESULT),
}


class GraphWatch:
    """The last message of each topic of a trial, with the time at which it came. Use as a context manager.

    listener hears (topic, message) of all but /diagnostics. arguments: of ROS, for a watch in a namespace. Nodes of its
    own namespace go by their short names.
    """

    def __init__(
        self, listener: Callable[[str, Any], None] = lambda _topic, _message: None, *, arguments: Sequence[str] = ()
    ) -> None:
        self._arguments = list(arguments)
        self.last: dict[str, Any] = {}
        self.heard_s: dict[str, float] = {}
        self.active: set[str] = set()
        self.diagnostics: dict[str, Any] = {}
        self._listener = listener

    def __enter__(self) -> GraphWatch:
        rclpy.init(args=self._arguments)
        self.node = Node("sport_watch")
        for topic, (message_type, profile) in _WATCHED.items():
            self.node.create_subscription(message_type, topic, self._taker(topic), profile)
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self.node)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._executor.remove_node(self.node)
        self.node.destroy_node()
        rclpy.try_shutdown()

    def spin(self, seconds: float) -> None:
        """Take what comes within this time."""
        end_s = time.monotonic() + seconds
        while (left_s := end_s - time.monotonic()) > 0.0:
            self._executor.spin_once(timeout_sec=left_s)

    def _taker(self, topic: str) -> Callable[[Any], None]:
        def take(message: Any) -> None:
            self.last[topic], self.heard_s[topic] = message, time.time()
            if topic == topics.DIAGNOSTICS:
                self._on_diagnostics(message)
            else:
                self._listener(topic, message)

        return take

    def _on_diagnostics(self, message: Any) -> None:
        prefix = self.node.get_namespace().strip("/")
        for status in message.status:
            name = status.name.removeprefix(f"{prefix}/") if prefix else status.name
            self.diagnostics[name] = status
            is_active = any(pair.key == "active" and pair.value == "true" for pair in status.values)
            (self.active.add if is_active else self.active.discard)(name)
