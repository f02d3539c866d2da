"""A simulated trial in real time: everything is computed at the start, playing it costs next to nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sport_nodes.lab.events import DepthFrame, ImuSample, KeypointFrame, Payload
from sport_nodes.lab.observe import observe
from sport_nodes.lab.recording import Drivers
from sport_nodes.lab.staging import staged
from sport_nodes.measurements import DeviceClock
from sport_nodes.motion import Motion
from sport_nodes.rig import Camera, Rig

if TYPE_CHECKING:
    from sport_nodes.lab.simulate import SimulatedTrial

Array = NDArray[np.float64]

# Rate of the truth's skeletons: that of the frames that they are compared with.
TRUTH_RATE_HZ: Final = 30.0
# Clocks and camera infos are sent this often [s].
_REPORT_S: Final = 1.0
# A float in microseconds holds an offset since 1970 to a quarter of a microsecond.
_US_PER_S: Final = 1e6


class Kind(Enum):
    """What a played item is; its payload has the type named."""

    KEYPOINTS = "keypoints"  # KeypointFrame
    SKELETON = "skeleton"  # DepthFrame
    IMU = "imu"  # ImuSample
    CLOCK = "clock"  # DeviceClock
    CAMERA_INFO = "camera_info"  # Camera
    TRUTH = "truth"  # TruthFrame
    TRIAL = "trial"  # TruthTrial


@dataclass(frozen=True, eq=False)
class TruthFrame:
    """Where the joints truly are: positions_m (17, 3) in world, confidence (17,)."""

    positions_m: Array
    confidence: Array


@dataclass(frozen=True, eq=False)
class TruthTrial:
    """The whole truth, once it is over: motion in seconds since the item's stamp."""

    motion: Motion
    action: str
    athlete: str
    trial: str
    clocks: tuple[DeviceClock, ...]


PlayedPayload: TypeAlias = Payload | DeviceClock | Camera | TruthFrame | TruthTrial


@dataclass(frozen=True, eq=False)
class Played:
    """One message to be.

    due_s: seconds since the begin at which it reaches the host. device: where it comes from, "" for the truth.
    stamp_s: header stamp on the host's clock. sequence: the device's counter, 0 where there is none.
    """

    due_s: float
    kind: Kind
    device: str
    stamp_s: float
    sequence: int
    payload: PlayedPayload


class LabPlayer:
    """Plays one trial, or a recorded motion, as the rig's drivers would deliver it.

    Each driver's clock estimator sees the simulated arrivals, exactly as it would see real ones, so stamps are as good
    (and as bad) as a real driver's at that moment of the recording.
    """

    def __init__(
        self, source: SimulatedTrial | Motion, rig: Rig, *, seed: int, scenario: str = "default", action: str = ""
    ) -> None:
        if isinstance(source, Motion):
            motion, athlete = staged(source), ""
        else:
            motion, action, athlete = source.motion, source.action, source.athlete.name
        self.trial = f"lab-{action or 'motion'}-{seed}"
        self._rig = rig
        events = observe(motion, rig, seed=seed, scenario=scenario, epoch_s=0.0)
        drivers = Drivers(events.rates_hz)
        self._items: list[Played] = []
        next_report_s = _REPORT_S
        for event, stamp_s in drivers.stamped(events.events):
            while event.arrival_s >= next_report_s:
                self._report(drivers, next_report_s)
                next_report_s += _REPORT_S
            self._items.append(
                Played(event.arrival_s, _kind(event.payload), event.device, stamp_s, event.sequence, event.payload)
            )
        self.duration_s = max(self._items[-1].due_s if self._items else 0.0, motion.duration_s)
        self._report(drivers, self.duration_s)
        truth = events.truth
        self._add_truth(truth, TruthTrial(truth, action, athlete, self.trial, drivers.reports()))
        self._items.sort(key=lambda item: item.due_s)

    def play(self, begin_s: float) -> Iterator[Played]:
        """All items in order of due_s, for a trial that begins at host time begin_s (seconds since 1970)."""
        for item in self._items:
            payload = item.payload
            if isinstance(payload, DeviceClock):
                payload = _moved(payload, begin_s)
            elif isinstance(payload, TruthTrial):
                payload = replace(payload, clocks=tuple(_moved(c, begin_s) for c in payload.clocks))
            yield replace(item, stamp_s=item.stamp_s + begin_s, payload=payload)

    def _report(self, drivers: Drivers, now_s: float) -> None:
        clocks = drivers.reports()
        self._items += [Played(now_s, Kind.CLOCK, c.name, now_s, 0, c) for c in clocks]
        alive = {c.name for c in clocks}
        for camera in (*self._rig.cameras, *((self._rig.depth,) if self._rig.depth else ())):
            if camera.name in alive:
                self._items.append(Played(now_s, Kind.CAMERA_INFO, camera.name, now_s, 0, camera))

    def _add_truth(self, truth: Motion, trial: TruthTrial) -> None:
        wanted_s = np.arange(0.0, truth.times_s[-1], 1.0 / TRUTH_RATE_HZ)
        for row in np.unique(np.searchsorted(truth.times_s, wanted_s)):
            time_s = float(truth.times_s[row])
            frame = TruthFrame(truth.positions_m[row], truth.confidence[row])
            self._items.append(Played(time_s, Kind.TRUTH, "", time_s, 0, frame))
        self._items.append(Played(self.duration_s, Kind.TRIAL, "", 0.0, 0, trial))


def _kind(payload: Payload) -> Kind:
    return {KeypointFrame: Kind.KEYPOINTS, DepthFrame: Kind.SKELETON, ImuSample: Kind.IMU}[type(payload)]


def _moved(clock: DeviceClock, begin_s: float) -> DeviceClock:
    return replace(clock, offset_us=clock.offset_us + begin_s * _US_PER_S)
