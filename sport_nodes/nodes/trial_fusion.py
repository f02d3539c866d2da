"""Fuses a trial as a whole, and begins to while it is not yet certain that it is over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final, NamedTuple

from sport_nodes.errors import InputError
from sport_nodes.fusion.fuse import fuse_and_time
from sport_nodes.fusion.warm_up import warm_up
from sport_nodes.measurements import Recording
from sport_nodes.motion import Motion
from sport_nodes.nodes.background import Background
from sport_nodes.rig import Rig
from sport_nodes.sync.align import align_recording
from sport_nodes.sync.latency import Latency
from sport_nodes.sync.recent import RecentSamples
from sport_nodes.sync.trial_detector import POST_ROLL_S

#: Stillness after which the trial is probably over [s]: sooner, and pauses within a movement cost work in vain.
ANTICIPATE_AFTER_S: Final = 0.2


class FusedTrial(NamedTuple):
    """A trial's motion, and how late each IMU's stamps are by it."""

    motion: Motion
    latencies: dict[str, Latency]


Result = FusedTrial | InputError


@dataclass
class _Job:
    """One span being fused, what came of it, and who waits for it."""

    begin_s: float
    end_s: float
    result: Result | None = None
    then: Callable[[Result], None] | None = None

    def done(self, result: Result) -> None:
        self.result = result
        if self.then is not None:
            self.then(result)


class TrialFusion:
    """Aligns and fuses spans of the recent samples, aside from the executor."""

    def __init__(self, work: Background, rig: Rig, recent: RecentSamples, *, rate_hz: float) -> None:
        self._work, self._rig, self._recent, self._rate_hz = work, rig, recent, rate_hz
        work.submit(partial(warm_up, rig), lambda _: None)
        self._job: _Job | None = None

    def anticipate(self, *, begin_s: float, moved_s: float, now_s: float) -> None:
        """Begin on the trial as if the athlete's stillness were its end; in vain when they move again."""
        if now_s - moved_s >= ANTICIPATE_AFTER_S and (self._job is None or self._job.end_s < moved_s):
            self._job = self._begin(begin_s, now_s)

    def finish(self, *, begin_s: float, end_s: float, then: Callable[[Result], None]) -> None:
        """Call `then` with the trial, its motion on the host's clock, or with why there is none."""
        job, self._job = self._job, None
        # What was begun will do if it holds all of the movement, though a little less of the rest after it.
        if job is None or job.begin_s != begin_s or job.end_s < end_s - POST_ROLL_S:
            job = self._begin(begin_s, end_s)
        if job.result is None:
            job.then = then
        else:
            then(job.result)

    def _begin(self, begin_s: float, end_s: float) -> _Job:
        recording = self._recent.recording(begin_s, end_s)
        job = _Job(begin_s, end_s)
        self._work.submit(partial(_fuse, recording, self._rig, self._rate_hz, begin_s, end_s), job.done)
        return job


def _fuse(recording: Recording, rig: Rig, rate_hz: float, begin_s: float, end_s: float) -> Result:
    """What the worker does. An unusable recording is a result too."""
    try:
        motion, latencies = fuse_and_time(align_recording(recording, rig, rate_hz=rate_hz), rig, imus=recording.imus)
        return FusedTrial(motion.between(begin_s, end_s), latencies)
    except InputError as error:
        return error
