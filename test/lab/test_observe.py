"""The whole lab at once: order, reproducibility, scenarios, and what the drivers make of it."""

import numpy as np
import pytest

from sport_nodes.errors import InputError
from sport_nodes.lab.bystanders import bystander_motion
from sport_nodes.lab.events import DepthFrame, ImuSample, KeypointFrame
from sport_nodes.lab.observe import HOST_EPOCH_S, observe
from sport_nodes.lab.recording import recording_from_events
from sport_nodes.lab.scenarios import SCENARIOS, Bystander
from sport_nodes.lab.staging import staged
from sport_nodes.lab.trajectory import Trajectory
from sport_nodes.motion import Motion
from sport_nodes.rig import load_rig
from sport_nodes.skeleton import INDEX

RIG = load_rig("lab")
DEVICES = {"kinect", *(c.name for c in RIG.cameras), *(m.name for m in RIG.imus)}


@pytest.fixture(scope="module")
def walk() -> Motion:
    times = np.arange(0.0, 4.0, 1.0 / 120.0)
    return Motion(times, bystander_motion(Bystander((0.0, 0.0), velocity_m_s=(0.5, 0.0)), times))


@pytest.fixture(scope="module")
def events(walk):
    return observe(walk, RIG, seed=7)


def depth_error_m(events, **options):
    recording = recording_from_events(events)
    true = Trajectory(events.truth).positions_m(recording.depth.times_s)
    return np.linalg.norm(RIG.depth.to_world(recording.depth.positions_m) - true, axis=2)


def test_events_come_by_arrival_and_after_their_exposure(events):
    arrivals = [e.arrival_s for e in events.events]
    assert arrivals == sorted(arrivals)
    assert all(e.arrival_s > e.exposure_s >= HOST_EPOCH_S - 1e-3 for e in events.events)
    assert {e.device for e in events.events} == DEVICES


def test_rates_are_nominal(events):
    for device, rate_hz in events.rates_hz.items():
        assert len(events.of(device)) == pytest.approx(4.0 * rate_hz, rel=0.03)


@pytest.mark.parametrize("scenario", ["default", "fast_cameras"])
def test_cameras_and_depth_share_the_trigger(walk, scenario):
    events = observe(walk, RIG, seed=7, scenario=scenario)
    depth = {e.trigger for e in events.of("kinect")}
    assert len(depth & {e.trigger for e in events.of("camera_1")}) > 0.95 * len(depth)
    exposures: dict[int, list[float]] = {}
    for event in events.events:
        if event.trigger is not None:
            exposures.setdefault(event.trigger, []).append(event.exposure_s)
    assert all(np.ptp(times) < 3e-4 for times in exposures.values())
    assert {type(e.payload) for e in events.events if e.trigger is None} == {ImuSample}


def test_payloads_fit_their_device(events):
    kinds = {"kinect": DepthFrame, "camera_1": KeypointFrame, "imu_trunk": ImuSample}
    for device, kind in kinds.items():
        assert {type(e.payload) for e in events.of(device)} == {kind}


def test_a_seed_reproduces_everything_and_another_does_not(walk, events):
    def numbers(e):
        payloads = [np.ravel(v) for x in e.events for v in vars(x.payload).values()]
        return np.concatenate([[t for x in e.events for t in (x.device_time_s, x.arrival_s)], *payloads])

    again, other = observe(walk, RIG, seed=7), observe(walk, RIG, seed=8)
    assert np.array_equal(numbers(again), numbers(events), equal_nan=True)
    assert not np.array_equal(numbers(other)[:100], numbers(events)[:100], equal_nan=True)


def test_a_device_s_noise_does_not_depend_on_the_others(walk, events):
    without = observe(walk, RIG, seed=7, scenario="no_depth")
    a, b = without.of("camera_2"), events.of("camera_2")
    assert all(np.array_equal(x.payload.xy_px, y.payload.xy_px, equal_nan=True) for x, y in zip(a, b, strict=True))


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_scenario_makes_a_recording(walk, scenario):
    recording = recording_from_events(observe(walk, RIG, seed=2, scenario=scenario))
    assert set(recording.cameras) == {"camera_0", "camera_1", "camera_2"}
    assert (recording.depth is None) == (scenario == "no_depth")
    assert len(recording.imus) == 5
    for stream in (*recording.cameras.values(), *recording.imus.values()):
        assert (np.diff(stream.times_s) > 0).all()
    assert recording.truth.times_s[0] == pytest.approx(HOST_EPOCH_S)


def test_stamps_are_good_after_the_first_second(events):
    recording = recording_from_events(events)
    for name, stream in recording.imus.items():
        exposures = np.array([e.exposure_s for e in events.of(name)])
        late = stream.times_s[stream.times_s > HOST_EPOCH_S + 1.0]
        nearest = np.abs(exposures[None] - late[:, None]).min(axis=1)
        assert np.percentile(nearest, 95) < 1e-3


def test_occlusion_hides_the_legs_from_the_depth_camera(walk, events):
    hidden = observe(walk, RIG, seed=7, scenario="occlusion")
    legs = [INDEX[f"{s}_{p}"] for s in ("left", "right") for p in ("knee", "ankle")]
    free, box = (np.array([e.payload.confidence for e in x.of("kinect")])[:, legs] for x in (events, hidden))
    assert (box < 0.5).mean() > (free < 0.5).mean() + 0.3
    assert np.nanmean(depth_error_m(hidden)[:, legs]) > 1.3 * np.nanmean(depth_error_m(events)[:, legs])


def test_dropped_devices_stop_and_restarts_begin_anew(walk):
    imu = observe(walk, RIG, seed=7, scenario="dropped_imu").of("imu_left_shank")
    assert imu[-1].exposure_s < HOST_EPOCH_S + 0.45 * walk.duration_s
    restarted = observe(walk, RIG, seed=7, scenario="device_restart")
    assert min(np.diff([e.device_time_s for e in restarted.of("camera_0")])) < -1.0
    clocks = {c.name: c for c in recording_from_events(restarted).clocks}
    assert clocks["camera_0"].restarts == 1
    assert clocks["camera_1"].restarts == 0


def test_a_knocked_camera_is_off_by_its_angle(walk, events):
    knocked = observe(walk, RIG, seed=7, scenario="miscalibrated_camera")
    a = np.array([e.payload.xy_px[0] for e in knocked.of("camera_2")])
    b = np.array([e.payload.xy_px[0] for e in events.of("camera_2")])
    shift = np.nanmedian(np.linalg.norm(a - b, axis=2))
    angle = SCENARIOS["miscalibrated_camera"].rotated_rad["camera_2"]
    assert shift == pytest.approx(angle * RIG.camera("camera_2").matrix[0, 0], rel=0.25)


def test_two_people_are_in_view(walk):
    frames = observe(walk, RIG, seed=7, scenario="two_people").of("camera_0")
    assert max((f.payload.confidence > 0).any(axis=1).sum() for f in frames) >= 2


def test_a_late_imu_is_late_by_its_latency(walk):
    late = observe(walk, RIG, seed=7, scenario="late_imu")
    on_time = observe(walk, RIG, seed=7)
    extra = np.array(
        [a.arrival_s - b.arrival_s for a, b in zip(late.of("imu_trunk"), on_time.of("imu_trunk"), strict=True)]
    )
    assert extra == pytest.approx(SCENARIOS["late_imu"].imu_latency_s, abs=1e-6)


def test_unknown_scenarios_and_too_short_motions_are_refused(walk):
    with pytest.raises(InputError, match="no scenario 'sunny'"):
        observe(walk, RIG, seed=1, scenario="sunny")
    with pytest.raises(InputError, match="at least 4"):
        observe(walk.take(slice(0, 3)), RIG, seed=1)


def test_staging_brings_a_recorded_motion_to_the_origin():
    times = np.arange(0.0, 2.0, 1.0 / 30.0)
    away = Bystander((8.0, -3.0), velocity_m_s=(0.0, 0.8))
    motion = staged(Motion(times + 12.0, bystander_motion(away, times)))
    hips = motion.positions_m[:, [INDEX["left_hip"], INDEX["right_hip"]]].mean(axis=1)
    assert hips[0, :2] == pytest.approx(0.0, abs=1e-6)
    assert hips[-1] == pytest.approx([0.8 * times[-1], 0.0, hips[0, 2]], abs=1e-6)
    assert (np.diff(hips[:45], axis=0) == 0).all()  # at rest before
    assert motion.duration_s == pytest.approx(times[-1] + 3.0, abs=0.05)


def test_staging_refuses_a_motion_without_hips_and_shoulders():
    times = np.arange(10) / 30.0
    positions = bystander_motion(Bystander((0.0, 0.0)), times)
    positions[:, [INDEX["left_hip"], INDEX["left_shoulder"]]] = np.nan
    with pytest.raises(InputError, match="faces"):
        staged(Motion(times, positions))
