"""The live aligner against the samples' own curves, and against nonsense."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sport_nodes.lab.events import DepthFrame, ImuSample, KeypointFrame
from sport_nodes.lab.observe import observe
from sport_nodes.lab.recording import Drivers
from sport_nodes.lab.simulate import simulate
from sport_nodes.rig import load_rig
from sport_nodes.skeleton import JOINT_COUNT
from sport_nodes.sync.align import join_frames
from sport_nodes.sync.latency import Latency
from sport_nodes.sync.live import MAX_WAIT_S, LiveAligner
from sport_nodes.sync.live_filter import CausalLowPass

RIG = load_rig("lab")
EPOCH_S = 1.7e9
POLL_S = 0.005


def points_m(time_s: float) -> np.ndarray:
    phase = np.pi * (time_s - EPOCH_S) + np.arange(JOINT_COUNT)
    return np.stack([0.3 * np.sin(phase), 0.3 * np.cos(phase), 1.0 + 0.2 * np.sin(phase)], axis=1)


def push(aligner: LiveAligner, device: str, time_s: float) -> None:
    if device == "kinect":
        aligner.push_depth(time_s, RIG.depth.to_optical(points_m(time_s)), np.full(JOINT_COUNT, 0.9))
    elif device.startswith("camera"):
        xy = RIG.camera(device).project(points_m(time_s))
        aligner.push_keypoints(device, time_s, xy[None], np.full((1, JOINT_COUNT), 0.9))
    else:
        aligner.push_imu(device, time_s, np.array([0.0, 0.0, 0.0, 1.0]), np.full(6, time_s - EPOCH_S))


def play(
    devices: dict[str, tuple[float, float, float]],
    duration_s: float,
    latencies: Mapping[str, Latency] = MappingProxyType({}),
) -> tuple[list, list]:
    """Devices as name: (rate, delay, last time); returns frames and how long after its time each was emitted."""
    events = [
        (EPOCH_S + k / rate_hz + delay_s, EPOCH_S + k / rate_hz, name)
        for name, (rate_hz, delay_s, last_s) in devices.items()
        for k in range(int(min(duration_s, last_s) * rate_hz))
    ]
    aligner, frames, latency_s = LiveAligner(RIG), [], []
    aligner.take_off(latencies)
    events.sort()
    at = 0
    for tick in range(int(duration_s / POLL_S)):
        now_s = EPOCH_S + tick * POLL_S
        while at < len(events) and events[at][0] <= now_s:
            push(aligner, events[at][2], events[at][1])
            at += 1
        for frame in aligner.poll(now_s):
            frames.append(frame)
            latency_s.append(now_s - frame.times_s[0])
    assert not aligner.rejected
    return frames, latency_s


def test_frames_come_on_the_depth_stamps_soon_after_the_last_measurement() -> None:
    frames, latency_s = play(
        {"kinect": (30, 0.01, 9), "camera_0": (30, 0.02, 9), "camera_1": (60, 0.015, 9), "imu_trunk": (200, 0.004, 9)},
        3.0,
    )
    trial = join_frames(frames)
    np.testing.assert_allclose(np.diff(trial.times_s), 1 / 30, atol=1e-6)
    assert np.median(latency_s) < 0.02 + 2 * POLL_S + 0.012
    for t in range(3, len(trial)):  # at first nobody knows which devices there are
        np.testing.assert_allclose(trial.depth_m[t], points_m(trial.times_s[t]), atol=1e-6)
        np.testing.assert_allclose(
            trial.keypoints_px[t, 0, 0], RIG.camera("camera_0").project(points_m(trial.times_s[t])), atol=0.5
        )
    # A ramp goes through the causal low-pass with its delay put back.
    settled = trial.times_s > EPOCH_S + 1.0
    np.testing.assert_allclose(trial.imu_vectors[settled, 0, 3], trial.times_s[settled] - EPOCH_S, atol=5e-3)


def test_a_latency_that_is_certain_is_taken_off_and_an_uncertain_one_is_not() -> None:
    told = {"imu_trunk": Latency(0.025, 0.0005, 0.99), "imu_left_shank": Latency(0.025, 0.02, 0.5)}
    assert told["imu_trunk"].certain
    assert not told["imu_left_shank"].certain
    devices = {"kinect": (30, 0.01, 9), "imu_trunk": (200, 0.004, 9), "imu_left_shank": (200, 0.004, 9)}
    trial = join_frames(play(devices, 3.0, told)[0])
    settled = trial.times_s > EPOCH_S + 1.0
    for name, late_s in (("imu_trunk", 0.025), ("imu_left_shank", 0.0)):
        felt = trial.imu_vectors[settled, trial.imu_names.index(name), 3]
        np.testing.assert_allclose(felt, trial.times_s[settled] + late_s - EPOCH_S, atol=5e-3)


def test_a_depth_camera_that_stops_leaves_an_even_grid() -> None:
    frames, _ = play({"kinect": (30, 0.01, 1.0), "camera_0": (30, 0.02, 9), "camera_1": (30, 0.02, 9)}, 4.0)
    times_s = np.array([f.times_s[0] for f in frames])
    assert times_s[-1] > EPOCH_S + 3.8
    assert np.all(np.diff(times_s) > 0)
    np.testing.assert_allclose(np.diff(times_s), 1 / 30, atol=2e-3)
    assert np.isnan(frames[-1].depth_m).all()
    assert np.isfinite(frames[-1].keypoints_px[0, :2]).all()


def test_a_dead_camera_does_not_stop_the_graph() -> None:
    frames, latency_s = play({"kinect": (30, 0.01, 9), "camera_0": (30, 0.02, 1.5)}, 4.0)
    times_s = np.array([f.times_s[0] for f in frames])
    assert len(frames) > 3.8 * 30
    assert max(latency_s) < MAX_WAIT_S + 2 * POLL_S
    assert np.isnan(frames[-1].keypoints_px).all()
    assert np.median(np.array(latency_s)[times_s > EPOCH_S + 2.5]) < 0.03


def test_the_simulated_lab_streams_at_30_hz() -> None:
    motion = simulate("free_throw", seed=3).motion
    events = observe(motion, RIG, seed=3)
    aligner, frames, polled_s = LiveAligner(RIG), [], -np.inf
    for event, stamp_s in Drivers(events.rates_hz).stamped(events.events):
        payload = event.payload
        if isinstance(payload, KeypointFrame):
            aligner.push_keypoints(event.device, stamp_s, payload.xy_px, payload.confidence)
        elif isinstance(payload, DepthFrame):
            aligner.push_depth(stamp_s, payload.positions_m, payload.confidence)
        elif isinstance(payload, ImuSample):
            aligner.push_imu(event.device, stamp_s, payload.orientation_xyzw, payload.vector)
        if event.arrival_s > polled_s + POLL_S:
            polled_s = event.arrival_s
            frames += aligner.poll(polled_s)
    trial = join_frames(frames)
    assert len(trial) == pytest.approx(motion.duration_s * 30.0, abs=8)
    assert np.isfinite(trial.keypoints_px[30:, :, 0]).any(axis=(2, 3)).mean() > 0.95
    assert np.isfinite(trial.imu_orientation_xyzw[30:]).mean() > 0.97
    assert not aligner.rejected


NONSENSE_STAMPS = [np.nan, np.inf, -np.inf, 0.0, 4.1e9]


@pytest.mark.parametrize("stamp_s", NONSENSE_STAMPS)
def test_nonsense_stamps_are_counted_and_refused(stamp_s: float) -> None:
    aligner = LiveAligner(RIG)
    for k in range(10):
        push(aligner, "kinect", EPOCH_S + k / 30)
        push(aligner, "imu_trunk", EPOCH_S + k / 30)
    aligner.poll(EPOCH_S + 0.4)
    aligner.push_depth(stamp_s, np.zeros((17, 3)), np.ones(17))
    aligner.push_keypoints("camera_0", stamp_s, np.zeros((1, 17, 2)), np.ones((1, 17)))
    aligner.push_imu("imu_trunk", stamp_s, np.array([0, 0, 0, 1.0]), np.zeros(6))
    assert aligner.rejected == {"kinect: stamp": 1, "camera_0: stamp": 1, "imu_trunk: stamp": 1}


def test_wrong_shapes_values_and_devices_are_counted() -> None:
    aligner = LiveAligner(RIG)
    aligner.push_keypoints("camera_0", EPOCH_S, np.zeros((1, 16, 2)), np.ones((1, 16)))
    aligner.push_keypoints("camera_0", EPOCH_S, np.zeros((1, 17, 2)), -np.ones((1, 17)))
    aligner.push_keypoints("camera_7", EPOCH_S, np.zeros((1, 17, 2)), np.ones((1, 17)))
    aligner.push_depth(EPOCH_S, np.zeros((17, 2)), np.ones(17))
    aligner.push_imu("imu_trunk", EPOCH_S, np.zeros(4), np.zeros(6))
    aligner.push_imu("imu_trunk", EPOCH_S, np.array([0, 0, 0, 1.0]), np.full(6, np.nan))
    push(aligner, "imu_trunk", EPOCH_S)
    push(aligner, "imu_trunk", EPOCH_S)
    assert aligner.rejected == {
        "camera_0: shape": 1,
        "camera_0: confidence": 1,
        "camera_7: unknown_device": 1,
        "kinect: shape": 1,
        "imu_trunk: orientation": 1,
        "imu_trunk: value": 1,
        "imu_trunk: order": 1,
    }


ANY = st.floats(allow_nan=True, allow_infinity=True)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["depth", "camera", "imu", "poll"]),
            st.one_of(ANY, st.floats(0, 5).map(lambda x: EPOCH_S + x)),
            ANY,
            st.integers(0, 3),
        ),
        max_size=40,
    )
)
@settings(max_examples=60, deadline=None)
def test_nothing_raises_and_frames_stay_in_order(calls: list[tuple[str, float, float, int]]) -> None:
    aligner, times = LiveAligner(RIG), []
    for kind, time_s, value, people in calls:
        if kind == "depth":
            aligner.push_depth(time_s, np.full((17, 3), value), np.full(17, value))
        elif kind == "camera":
            aligner.push_keypoints("camera_0", time_s, np.full((people, 17, 2), value), np.full((people, 17), 0.5))
        elif kind == "imu":
            aligner.push_imu("imu_trunk", time_s, np.full(4, value), np.full(6, value))
        else:
            times += [f.times_s[0] for f in aligner.poll(time_s)][:1000]
    assert np.all(np.diff(times) > 0)


def test_memory_stays_bounded() -> None:
    aligner = LiveAligner(RIG)
    for k in range(3000):
        push(aligner, "imu_trunk", EPOCH_S + k / 200)
    assert len(aligner._imus["imu_trunk"].times_s) <= 400


def test_the_causal_filter_knows_its_delay() -> None:
    low_pass = CausalLowPass()
    times_s = np.arange(800) / 200.0
    signal = np.sin(2 * np.pi * 2.0 * times_s)
    out = np.array([low_pass.step(t, np.array([s]))[0] for t, s in zip(times_s, signal, strict=True)])
    expected = np.sin(2 * np.pi * 2.0 * (times_s - low_pass.delay_s))
    np.testing.assert_allclose(out[200:], expected[200:], atol=0.01)
    assert low_pass.delay_s == pytest.approx(np.sqrt(2) / (2 * np.pi * 20.0), rel=0.05)
