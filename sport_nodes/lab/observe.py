"""The simulated lab's sensors watch a motion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from sport_nodes.lab.body import Capsules, body_capsules
from sport_nodes.lab.bystanders import bystander_motion
from sport_nodes.lab.cameras import detect
from sport_nodes.lab.clocks import DeviceTruth, Timeline, deliver, draw_clock, free_running_times, trigger_times
from sport_nodes.lab.depth import track
from sport_nodes.lab.events import DepthFrame, DeviceEvent, DeviceEvents, ImuSample, KeypointFrame, Payload
from sport_nodes.lab.imus import imu_motions, measure_imu, mounted
from sport_nodes.lab.obstacles import vaulting_box
from sport_nodes.lab.processes import generator
from sport_nodes.lab.scenarios import Scenario, load_scenario
from sport_nodes.lab.trajectory import Trajectory
from sport_nodes.motion import Motion
from sport_nodes.rig import Camera, ImuMount, Rig

Array = NDArray[np.float64]

#: Host time of the motion's first frame, in seconds since 1970: fixed, so that a seed gives the same bag on any day.
HOST_EPOCH_S: Final = 1_700_000_000.0


def observe(
    motion: Motion, rig: Rig, *, seed: int, scenario: str = "default", epoch_s: float = HOST_EPOCH_S
) -> DeviceEvents:
    """Everything that the rig's devices send to the host while the athlete performs `motion`.

    The same arguments give the same events. Raises InputError for an unknown scenario or a motion too short to see.
    """
    observation = _Observation(motion, rig, seed, load_scenario(scenario))
    events = [e.later(epoch_s) for e in observation.events()]
    truth = motion.moved(motion.positions_m, observation.truth.times_s + epoch_s)
    return DeviceEvents(tuple(events), truth, observation.rates_hz, observation.clocks, scenario)


class _Observation:
    """Works in seconds since the motion's begin: a float holds seconds since 1970 too coarsely to differentiate."""

    def __init__(self, motion: Motion, rig: Rig, seed: int, scenario: Scenario) -> None:
        self.truth = motion.moved(motion.positions_m, motion.times_s - motion.times_s[0])
        self.rig = rig
        self.seed = seed
        self.scenario = scenario
        self.trajectory = Trajectory(self.truth)
        self.clocks: dict[str, DeviceTruth] = {}
        self.rates_hz: dict[str, float] = {}

    def events(self) -> list[DeviceEvent]:
        events = [e for c in self.rig.cameras if c.name not in self.scenario.absent for e in self._camera(c)]
        if self.rig.depth and self.rig.depth.name not in self.scenario.absent:
            events += self._depth(self.rig.depth)
        events += self._imus(tuple(m for m in self.rig.imus if m.name not in self.scenario.absent))
        return sorted(events, key=lambda e: (e.arrival_s, e.device))

    def _camera(self, camera: Camera) -> list[DeviceEvent]:
        noise, rng = self.scenario.noise, generator(self.seed, camera.name)
        exposure_s = self._triggered(noise.camera_rate_hz, rng)
        half = 0.5 * noise.exposure_s
        people = [self._people(exposure_s + shift) for shift in (0.0, -half, half)]
        turn = Rotation.from_rotvec([0.0, self.scenario.rotated_rad.get(camera.name, 0.0), 0.0]).as_matrix()
        xy, confidence = detect(
            replace(camera, rotation=turn @ camera.rotation, translation_m=turn @ camera.translation_m),
            exposure_s,
            people[0],
            (people[1], people[2]),
            furniture=self._furniture(camera),
            noise=noise,
            rng=rng,
        )
        timeline = self._delivered(camera.name, exposure_s, noise.camera_rate_hz, rng)
        return _events(
            camera.name,
            timeline,
            [KeypointFrame(*f) for f in zip(xy, confidence, strict=True)],
            trigger_step=self._trigger_step(noise.camera_rate_hz),
        )

    def _depth(self, camera: Camera) -> list[DeviceEvent]:
        noise, rng = self.scenario.noise, generator(self.seed, camera.name)
        exposure_s = self._triggered(noise.depth_rate_hz, rng)
        athlete, *others = self._people(exposure_s)
        obstacles = [body_capsules(athlete, own=True), *(body_capsules(p, own=False) for p in others)]
        positions, confidence = track(
            camera, exposure_s, athlete, obstacles=[*obstacles, *self._furniture(camera)], noise=noise, rng=rng
        )
        timeline = self._delivered(camera.name, exposure_s, noise.depth_rate_hz, rng)
        return _events(
            camera.name,
            timeline,
            [DepthFrame(*f) for f in zip(positions, confidence, strict=True)],
            trigger_step=self._trigger_step(noise.depth_rate_hz),
        )

    def _imus(self, mounts: tuple[ImuMount, ...]) -> list[DeviceEvent]:
        noise, events = self.scenario.noise, []
        straps = mounted(mounts, noise, generator(self.seed, "mounting"))
        for name, motion in imu_motions(self.trajectory, straps).items():
            rng = generator(self.seed, name)
            clock = self.clocks.setdefault(name, draw_clock(noise, rng))
            times_s = free_running_times(
                self.trajectory.begin_s, self.trajectory.end_s, rate_hz=noise.imu_rate_hz, truth=clock, rng=rng
            )
            samples = [ImuSample(*s) for s in zip(*measure_imu(motion, times_s, noise=noise, rng=rng), strict=True)]
            timeline = self._delivered(name, times_s, noise.imu_rate_hz, rng, latency_s=self.scenario.imu_latency_s)
            events += _events(name, timeline, samples, trigger_step=None)
        return events

    def _triggered(self, rate_hz: float, rng: np.random.Generator) -> Array:
        times_s = trigger_times(self.trajectory.begin_s, self.trajectory.end_s, rate_hz=rate_hz)
        return times_s + self.scenario.noise.trigger_jitter_s * rng.standard_normal(len(times_s))

    def _trigger_step(self, rate_hz: float) -> int:
        """Triggers from one exposure to the next: the trigger runs at the fastest device's rate."""
        noise = self.scenario.noise
        return round(max(noise.camera_rate_hz, noise.depth_rate_hz) / rate_hz)

    def _people(self, times_s: Array) -> list[Array]:
        since_s = times_s - self.trajectory.begin_s
        return [self.trajectory.positions_m(times_s), *(bystander_motion(b, since_s) for b in self.scenario.bystanders)]

    def _furniture(self, camera: Camera) -> list[Capsules]:
        if camera.name not in self.scenario.obstructed:
            return []
        return [vaulting_box(camera, np.nanmean(self.truth.positions_m, axis=(0, 1)))]

    def _delivered(
        self, name: str, exposure_s: Array, rate_hz: float, rng: np.random.Generator, *, latency_s: float = 0.0
    ) -> Timeline:
        scenario = self.scenario
        self.rates_hz[name] = rate_hz
        outage_s = None
        if name in scenario.restart_at:
            begin_s = self._moment_s(scenario.restart_at[name])
            outage_s = (begin_s, begin_s + scenario.restart_outage_s)
        return deliver(
            exposure_s,
            epoch_s=0.0,
            truth=self.clocks.setdefault(name, draw_clock(scenario.noise, rng)),
            noise=scenario.noise,
            rng=rng,
            latency_s=latency_s,
            silent_from_s=self._moment_s(scenario.silent_from[name]) if name in scenario.silent_from else None,
            outage_s=outage_s,
        )

    def _moment_s(self, share: float) -> float:
        return self.trajectory.begin_s + share * (self.trajectory.end_s - self.trajectory.begin_s)


def _events(
    device: str, timeline: Timeline, payloads: Sequence[Payload], *, trigger_step: int | None
) -> list[DeviceEvent]:
    return [
        DeviceEvent(
            device,
            device_s,
            int(sequence),
            None if trigger_step is None else int(row) * trigger_step,
            exposure_s,
            arrival_s,
            payloads[row],
        )
        for row, exposure_s, device_s, sequence, arrival_s in zip(
            timeline.sample,
            timeline.exposure_s.tolist(),
            timeline.device_time_s.tolist(),
            timeline.sequence,
            timeline.arrival_s.tolist(),
            strict=True,
        )
    ]
