"""Latency from motion against latencies that were put in."""

from functools import cache

import numpy as np
import pytest

from sport_nodes.fusion.fuse import fuse_and_time
from sport_nodes.lab.observe import observe
from sport_nodes.lab.recording import recording_from_events
from sport_nodes.lab.simulate import simulate
from sport_nodes.measurements import DeviceClock
from sport_nodes.rig import load_rig
from sport_nodes.sync.align import align_recording
from sport_nodes.sync.latency import UNKNOWN, Latency, latency_from_motion, pooled, with_latencies

RIG = load_rig("lab")


def swinging(times_s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Upper and lower end (T, 2, 3) of a segment that swings about a swaying point, and its unit direction (T, 3)."""
    angle = 0.8 * np.sin(5.0 * times_s) + 0.3 * np.sin(11.0 * times_s)
    direction = np.stack([np.sin(angle), np.zeros_like(angle), np.cos(angle)], axis=1)
    lower = np.outer(0.1 * np.sin(4.0 * times_s), [0.0, 1.0, 1.0])
    return np.stack([lower + 0.3 * direction, lower], axis=1), direction


def felt(times_s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Direction (T, 3) and acceleration (T, 3) by a sensor a third of the way up, by numerical derivatives."""
    step_s = 1e-3
    place = [swinging(times_s + k * step_s)[0] for k in (-1, 0, 1)]
    before, now, after = (ends[:, 0] / 3.0 + 2.0 * ends[:, 1] / 3.0 for ends in place)
    return swinging(times_s)[1], (before - 2.0 * now + after) / step_s**2


@pytest.mark.parametrize("latency_s", [-0.02, 0.0, 0.0123, 0.08])
def test_a_known_shift_is_found_through_noise(latency_s: float) -> None:
    rng = np.random.default_rng(0)
    times_s, felt_s = np.arange(0.0, 3.0, 1 / 30), np.arange(-0.2, 3.3, 1 / 200)
    ends_m = swinging(times_s)[0] + 0.004 * rng.normal(size=(len(times_s), 2, 3))
    direction, acceleration = felt(felt_s - latency_s)
    acceleration = acceleration + 0.2 * rng.normal(size=acceleration.shape) + np.array([0.1, 0.0, -0.1])
    direction[40:45] = np.nan
    found = latency_from_motion(times_s, ends_m, felt_s, direction, acceleration)
    assert found.latency_s == pytest.approx(latency_s, abs=0.002)
    assert abs(found.latency_s - latency_s) < 3.5 * found.sigma_s
    assert found.certain
    assert found.correction_s == (found.latency_s if abs(found.latency_s) > max(0.003, 3 * found.sigma_s) else 0.0)


@pytest.mark.parametrize("told_by", ["turning", "pushing"])
def test_turning_and_pushing_each_tell_alone(told_by: str) -> None:
    times_s, felt_s = np.arange(0.0, 3.0, 1 / 30), np.arange(-0.2, 3.3, 1 / 200)
    ends_m, (direction, acceleration) = swinging(times_s)[0], felt(felt_s - 0.03)
    if told_by == "turning":
        ends_m = ends_m - ends_m.mean(axis=1, keepdims=True) + np.array([0.0, 0.0, 1.0])
        acceleration = np.random.default_rng(0).normal(size=acceleration.shape)
    else:
        ends_m = np.stack([ends_m[:, 1] + np.array([0.0, 0.0, 0.3]), ends_m[:, 1]], axis=1)
        acceleration = np.gradient(np.gradient(swinging(felt_s - 0.03)[0][:, 1], felt_s, axis=0), felt_s, axis=0)
    found = latency_from_motion(times_s, ends_m, felt_s, direction, acceleration)
    assert found.latency_s == pytest.approx(0.03, abs=0.002)


def test_rest_and_another_motion_tell_nothing() -> None:
    times_s = np.arange(0.0, 3.0, 1 / 30)
    still = np.tile([[0.0, 0.0, 0.3], [0.0, 0.0, 0.0]], (len(times_s), 1, 1))
    assert latency_from_motion(times_s, still, times_s, *felt(times_s)) == UNKNOWN
    rng = np.random.default_rng(1)
    noise = rng.normal(size=(len(times_s), 3))
    noise /= np.linalg.norm(noise, axis=1, keepdims=True)
    other = latency_from_motion(times_s, swinging(times_s)[0], times_s, noise, rng.normal(size=noise.shape))
    assert not other.certain
    assert UNKNOWN.correction_s == 0.0


def test_sensors_on_one_radio_share_what_they_agree_on() -> None:
    found = pooled([Latency(0.024, 0.006, 0.9), Latency(0.027, 0.006, 0.9), UNKNOWN, Latency(0.1, 0.006, 0.9)])
    assert [f.latency_s for f in found] == pytest.approx([0.0255, 0.0255, 0.0255, 0.1])
    assert [f.certain for f in found] == [True, True, True, False]
    assert pooled([UNKNOWN]) == [UNKNOWN]


@cache
def timed(scenario: str) -> list[Latency]:
    motion = simulate("standing_long_jump", seed=21, idle_before_s=1.0, idle_after_s=0.5).motion
    recording = recording_from_events(observe(motion, RIG, seed=21, scenario=scenario))
    return list(fuse_and_time(align_recording(recording, RIG), RIG, imus=recording.imus)[1].values())


def test_clocks_carry_what_is_certain() -> None:
    clocks = tuple(DeviceClock(name, 0.0, 0.0, 20.0, 4.0, 9, 0, 0, True) for name in ("imu_trunk", "camera_0"))
    told = with_latencies(clocks, {"imu_trunk": Latency(0.025, 0.0005, 0.99), "camera_0": UNKNOWN})
    assert told[0].latency_ms == pytest.approx(25.0)
    assert np.isnan(told[1].latency_ms)


def test_late_imus_are_told_within_3_ms_after_one_trial() -> None:
    late, punctual = timed("late_imu"), timed("default")
    assert all(one.certain for one in (*late, *punctual))
    assert late[0].latency_s == pytest.approx(0.025, abs=0.003)
    assert late[0].correction_s == late[0].latency_s
    assert all(one.correction_s == 0.0 for one in punctual)
