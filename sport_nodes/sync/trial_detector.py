"""When a trial begins and ends: from the speed of the fused skeleton, or by hand."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import Enum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.motion import Motion
from sport_nodes.skeleton import INDEX, LIMBS

Array = NDArray[np.float64]

#: Speed of a body part is taken over this long [s]: longer than noise, shorter than any movement's phase.
SPEED_WINDOW_S: Final = 0.25
#: The body moves above the first speed and is still below the second [m/s].
MOVING_M_S: Final = 0.22
STILL_M_S: Final = 0.15
#: Motion must last this long to be an onset [s].
ONSET_S: Final = 0.2
#: A movement rises from rest to its onset in less than this [s].
LONGEST_RISE_S: Final = 1.5
#: A posture held for less than this belongs to the movement; longer, it ends the trial [s]. Live, the sensors' latency
#: (0.03 to 0.1 s) comes on top, and within a second of stillness the end is to be told.
STILLNESS_S: Final = 0.85
#: What is kept before the onset and after the last movement [s].
PRE_ROLL_S: Final = 0.5
POST_ROLL_S: Final = 0.3
#: A trial of another length is none [s].
SHORTEST_S: Final = 0.6
LONGEST_S: Final = 60.0
#: Nobody in view for this long ends a trial [s].
ABSENT_S: Final = 1.0

#: Body parts whose mean is followed: noise averages out over their joints, a real movement does not.
PARTS: Final[tuple[tuple[int, ...], ...]] = (
    tuple(INDEX[n] for n in LIMBS["head"]),
    *(
        tuple(INDEX[f"{side}_{n}"] for n in pair)
        for pair in (("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee"), ("knee", "ankle"))
        for side in ("left", "right")
    ),
    tuple(INDEX[n] for n in ("left_shoulder", "right_shoulder", "left_hip", "right_hip")),
)


class TrialPhase(Enum):
    """Where a trial stands. REJECTED and FINISHED say that one has just ended; WAITING follows with the next frame."""

    WAITING = "waiting"
    RUNNING = "running"
    FINISHED = "finished"
    REJECTED = "rejected"


@dataclass(frozen=True)
class TrialState:
    """phase; begin_s and end_s of the motion to keep, NaN where unknown; onset_s when it moved; why it ended."""

    phase: TrialPhase
    begin_s: float = np.nan
    onset_s: float = np.nan
    end_s: float = np.nan
    reason: str = ""


class TrialDetector:
    """Follows fused frames and tells trials from rest.

    The body's speed is the second highest of its parts' speeds: one part that is misplaced for a moment is no movement,
    and a movement moves two parts. A trial is open from its onset until STILLNESS_S of rest, or until `stop`.
    """

    def __init__(self) -> None:
        self.state = TrialState(TrialPhase.WAITING)
        self.speed_m_s = np.nan  # of the body, in the last frame
        self._window: deque[tuple[float, Array]] = deque()
        self._first_s = np.nan  # of the frames since the last trial
        self._moving_since_s = np.nan
        self._still_s = np.nan  # last time that it was, before the onset
        self._moved_s = np.nan  # last time that the body was not still
        self._seen_s = np.nan

    @property
    def moved_s(self) -> float:
        """When the body of the running trial last moved; NaN before it did."""
        return self._moved_s

    def update(self, frame: Motion) -> TrialState:
        """The state after a fused frame (a motion of length 1)."""
        time_s = float(frame.times_s[-1])
        if self.state.phase in (TrialPhase.FINISHED, TrialPhase.REJECTED):
            self._reset(self.state.end_s)
        self.speed_m_s = speed_m_s = self._speed(time_s, frame.positions_m[-1])
        if np.isnan(self._first_s):
            self._first_s = time_s
        if self.state.phase is TrialPhase.WAITING:
            self._wait(time_s, speed_m_s)
        else:
            self._run(time_s, speed_m_s)
        return self.state

    def start(self, time_s: float) -> TrialState:
        """Begin a trial by hand; it then ends by hand, or by stillness after it has moved."""
        self.state = TrialState(TrialPhase.RUNNING, begin_s=time_s, onset_s=time_s)
        self._moved_s, self._seen_s = np.nan, time_s
        return self.state

    def stop(self, time_s: float) -> TrialState:
        """End the running trial by hand; without one nothing happens."""
        if self.state.phase is TrialPhase.RUNNING:
            self._end(time_s, "stopped by hand")
        return self.state

    def _wait(self, time_s: float, speed_m_s: float) -> None:
        if not speed_m_s > STILL_M_S:
            self._still_s = time_s
        if not speed_m_s > MOVING_M_S:
            self._moving_since_s = np.nan
            return
        if np.isnan(self._moving_since_s):
            self._moving_since_s = time_s
        if time_s - self._moving_since_s >= ONSET_S:
            # It began when it was last still, but not long ago, and the window looks back by its length.
            still_s = np.fmax(self._still_s, self._moving_since_s - LONGEST_RISE_S)
            onset_s = float(still_s) - 0.5 * SPEED_WINDOW_S
            begin_s = max(onset_s - PRE_ROLL_S, self._first_s)
            self.state = TrialState(TrialPhase.RUNNING, begin_s=begin_s, onset_s=max(onset_s, self._first_s))
            self._moved_s = self._seen_s = time_s

    def _run(self, time_s: float, speed_m_s: float) -> None:
        if np.isfinite(speed_m_s):
            self._seen_s = time_s
        if speed_m_s > STILL_M_S:
            self._moved_s = time_s
        still_s = time_s - self._moved_s  # NaN while a trial begun by hand has not moved
        # The window makes a pause look shorter by part of its length.
        if np.isfinite(speed_m_s) and still_s >= STILLNESS_S - 0.5 * SPEED_WINDOW_S:
            self._end(min(self._moved_s + POST_ROLL_S, time_s), "the athlete stood still")
        elif time_s - self._seen_s > ABSENT_S:
            self._end(self._seen_s, "the athlete left the view")
        elif time_s - self.state.onset_s > LONGEST_S:
            self._reject(time_s, f"it moved for more than {LONGEST_S:.0f} s without a rest; stand still to end a trial")

    def _end(self, end_s: float, reason: str) -> None:
        length_s = np.fmin(self._moved_s, end_s) - self.state.onset_s - SPEED_WINDOW_S  # the window's, at both ends
        if length_s < SHORTEST_S:
            self._reject(end_s, f"it lasted {max(length_s, 0.0):.1f} s; a trial takes at least {SHORTEST_S:.1f} s")
            return
        self.state = TrialState(TrialPhase.FINISHED, self.state.begin_s, self.state.onset_s, end_s, reason)

    def _reject(self, end_s: float, reason: str) -> None:
        self.state = TrialState(TrialPhase.REJECTED, self.state.begin_s, self.state.onset_s, end_s, reason)

    def _reset(self, first_s: float) -> None:
        self.state = TrialState(TrialPhase.WAITING)
        self._first_s = first_s
        self._moving_since_s = self._still_s = self._moved_s = self._seen_s = np.nan

    def _speed(self, time_s: float, positions_m: Array) -> float:
        """Speed of the body over the window [m/s]; NaN while too little of it is seen."""
        parts = np.array([positions_m[list(part)].mean(axis=0) for part in PARTS])
        while self._window and self._window[0][0] < time_s - SPEED_WINDOW_S - 1e-6:
            self._window.popleft()
        if self._window and time_s <= self._window[-1][0]:
            self._window.clear()  # time went back: a recording began anew
        self._window.append((time_s, parts))
        times_s = np.array([t for t, _ in self._window])
        if times_s[-1] - times_s[0] < 0.5 * SPEED_WINDOW_S:
            return float("nan")
        # Slope of a line through each part's positions.
        path = np.stack([p for _, p in self._window])
        centred = times_s - times_s.mean()
        slope = np.tensordot(centred, path, axes=1) / (centred**2).sum()
        speeds = np.linalg.norm(slope, axis=1)
        speeds = np.sort(speeds[np.isfinite(speeds)])
        return float(speeds[-2]) if len(speeds) > 1 else float("nan")


def find_trials(motion: Motion) -> list[TrialState]:
    """The finished trials of a recorded motion, by the same rules as live; one open at the end ends there."""
    detector = TrialDetector()
    found = []
    for t in range(len(motion)):
        state = detector.update(motion.take(slice(t, t + 1)))
        if state.phase is TrialPhase.FINISHED:
            found.append(state)
    if detector.state.phase is TrialPhase.RUNNING:
        last = detector.stop(float(motion.times_s[-1]))
        found += [last] if last.phase is TrialPhase.FINISHED else []
    return found
