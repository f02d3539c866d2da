"""What a node knows about its own state; the base node publishes it on /diagnostics. No ROS in here."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

OK: Final = 0
WARN: Final = 1
ERROR: Final = 2
#: For how long a rejected message or a fault colours the node's level after it happened [s].
HOLD_S: Final = 10.0


@dataclass
class _Input:
    """One topic as the node hears it; the sums are over the time since the last summary."""

    silent_after_s: float
    last_s: float
    count: int = 0
    latency_sum_s: float = 0.0
    latency_max_s: float = 0.0
    ever: bool = False


@dataclass
class _Trouble:
    """How often something went wrong, when last and why."""

    count: int = 0
    last_s: float = float("-inf")
    reason: str = ""


@dataclass(frozen=True)
class Summary:
    """Level (OK, WARN, ERROR), one line, and the figures behind it."""

    level: int
    message: str
    values: dict[str, str] = field(default_factory=dict)


class Health:
    """Counts what comes in, what was rejected and what failed. clock: a monotonic time [s]."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._inputs: dict[str, _Input] = {}
        self._rejected: dict[str, _Trouble] = {}
        self._faults: dict[str, _Trouble] = {}
        self._conditions: dict[str, tuple[int, str]] = {}
        self._figures: dict[str, str] = {}
        self._summarised_s = clock()

    def expect(self, source: str, *, silent_after_s: float = float("inf")) -> None:
        """A source that is listened to; silence for longer than this is worth a warning."""
        self._inputs[source] = _Input(silent_after_s, self._clock())

    def forget(self, source: str) -> None:
        """The source is no longer listened to."""
        self._inputs.pop(source, None)

    def received(self, source: str, latency_s: float | None) -> None:
        """A message came; latency_s is its age on arrival where it carries a stamp."""
        heard = self._inputs.setdefault(source, _Input(float("inf"), self._clock()))
        heard.ever, heard.last_s, heard.count = True, self._clock(), heard.count + 1
        if latency_s is not None:
            heard.latency_sum_s += latency_s
            heard.latency_max_s = max(heard.latency_max_s, latency_s)

    def rejected(self, source: str, reason: str, count: int = 1) -> None:
        """Messages that made no sense were left out."""
        self._note(self._rejected, source, reason, count)

    def fault(self, source: str, reason: str) -> None:
        """The program itself failed."""
        self._note(self._faults, source, reason, 1)

    def condition(self, name: str, level: int, message: str) -> None:
        """A lasting state of affairs; stays until set again. Level OK ends it."""
        if level == OK:
            self._conditions.pop(name, None)
        else:
            self._conditions[name] = (level, message)

    def figure(self, name: str, value: str) -> None:
        """A value to show."""
        self._figures[name] = value

    def count_rejected(self) -> int:
        return sum(t.count for t in self._rejected.values())

    def silent(self) -> list[str]:
        """Sources that said nothing for longer than expected."""
        now = self._clock()
        return [name for name, heard in self._inputs.items() if now - heard.last_s > heard.silent_after_s]

    def summary(self) -> Summary:
        """The state now; rates and latencies are over the time since the last call."""
        now = self._clock()
        elapsed = max(now - self._summarised_s, 1e-3)
        self._summarised_s = now
        problems = list(self._conditions.values())
        values = dict(self._figures)
        for name, heard in self._inputs.items():
            values[f"{name} rate_hz"] = f"{heard.count / elapsed:.1f}"
            if heard.count and heard.latency_max_s > 0.0:
                values[f"{name} latency_ms"] = f"{1e3 * heard.latency_sum_s / heard.count:.1f}"
                values[f"{name} latency_max_ms"] = f"{1e3 * heard.latency_max_s:.1f}"
            heard.count, heard.latency_sum_s, heard.latency_max_s = 0, 0.0, 0.0
        for name in self.silent():
            since = now - self._inputs[name].last_s
            words = f"silent for {since:.0f} s" if self._inputs[name].ever else "never heard"
            problems.append((WARN, f"{name}: {words}"))
        for level, word, troubles in ((WARN, "rejected", self._rejected), (ERROR, "failed", self._faults)):
            for name, trouble in troubles.items():
                values[f"{name} {word}"] = str(trouble.count)
                values[f"{name} {word} last"] = trouble.reason
                if now - trouble.last_s < HOLD_S:
                    problems.append((level, f"{name}: {trouble.count} {word}, last: {trouble.reason}"))
        problems.sort(key=lambda p: -p[0])
        if not problems:
            return Summary(OK, "working", values)
        return Summary(problems[0][0], "; ".join(text for _, text in problems), values)

    def _note(self, troubles: dict[str, _Trouble], source: str, reason: str, count: int) -> None:
        trouble = troubles.setdefault(source, _Trouble())
        trouble.count, trouble.last_s, trouble.reason = trouble.count + count, self._clock(), reason
