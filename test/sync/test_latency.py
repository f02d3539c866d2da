"""Latency from motion against latencies that were put in."""

from functools import cache

import numpy as np
import pytest

from sport_nodes.fusion.fuse import fuse_and_time
from sport_nodes.lab.observe import observe
from sport_nodes.lab.recording import recording_from_events
from sport_nodes.lab.simulate import simulate
from sport_nodes.rig import load_rig
from sport_nodes.sync.align import align_recording
from sport_nodes.sync.latency import UNKNOWN, Latency, latency_from_motion, pooled

RIG = load_rig("lab")


def turning(times_s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A unit direction (T, 3) that swings, and its derivative."""
    angle, rate = 0.8 * np.sin(5.0 * times_s) + 0.3 * np.sin(11.0 * times_s), 4.0 * np.cos(5.0 * times_s)
    rate = rate + 3.3 * np.cos(11.0 * times_s)
    zero = np.zeros_like(angle)
    return (
        np.stack([np.sin(angle), zero, np.cos(angle)], axis=1),
        rate[:, None] * np.stack([np.cos(angle), zero, -np.sin(angle)], axis=1),
    )


@pytest.mark.parametrize("latency_s", [-0.02, 0.0, 0.0123, 0.08])
def test_a_known_shift_is_found_through_noise(latency_s: float) -> None:
    rng = np.random.default_rng(0)
    times_s, felt_s = np.arange(0.0, 3.0, 1 / 30), np.arange(-0.2, 3.3, 1 / 200)
    direction = turning(times_s)[0] + 0.01 * rng.normal(size=(len(times_s), 3))
    felt = turning(felt_s - latency_s)[1] + 0.02 * rng.normal(size=(len(felt_s), 3))
    felt[40:45] = np.nan
    found = latency_from_motion(times_s, direction, felt_s, felt)
    assert found.latency_s == pytest.approx(latency_s, abs=0.002)
    assert found.certain
    assert found.correction_s == (found.latency_s if abs(latency_s) > 0.003 + 3 * found.sigma_s else 0.0)


def test_rest_and_another_motion_tell_nothing() -> None:
    times_s = np.arange(0.0, 3.0, 1 / 30)
    still = np.tile([0.0, 0.0, 1.0], (len(times_s), 1))
    assert latency_from_motion(times_s, still, times_s, turning(times_s)[1]) == UNKNOWN
    noise = np.random.default_rng(1).normal(size=(len(times_s), 3))
    assert not latency_from_motion(times_s, turning(times_s)[0], times_s, noise).certain
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
    return list(fuse_and_time(align_recording(recording, RIG), RIG)[1].values())


def test_late_imus_are_told_within_3_ms_after_one_trial() -> None:
    late, punctual = timed("late_imu"), timed("default")
    assert all(one.certain for one in (*late, *punctual))
    assert late[0].latency_s == pytest.approx(0.025, abs=0.003)
    assert late[0].correction_s == late[0].latency_s
    assert all(one.correction_s == 0.0 for one in punctual)
