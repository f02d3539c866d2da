"""Features against known movements, and against what may not change them."""

import numpy as np
import pytest

from sport_nodes.actions import load_action
from sport_nodes.keyframes.features import (
    GRID_HZ,
    LONGEST_BRIDGE_S,
    features,
    mirrored_columns,
    resample,
    scales,
    smooth,
)
from sport_nodes.lab.simulate import simulate
from sport_nodes.motion import Motion
from sport_nodes.skeleton import INDEX, MIRROR_INDEX

WEIGHTS = load_action("standing_long_jump").channel_weights


def jump(rate_hz: float = 60.0) -> Motion:
    return simulate("standing_long_jump", seed=4, rate_hz=rate_hz).motion


def test_view_place_and_size_do_not_matter() -> None:
    motion = jump()
    turn = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    moved = motion.moved(1.2 * motion.positions_m @ turn.T + [3.0, -2.0, 0.0])
    assert np.allclose(features(motion, WEIGHTS).values, features(moved, WEIGHTS).values, atol=1e-6)


def test_frame_rate_hardly_matters() -> None:
    fast, slow = features(jump(120.0), WEIGHTS), features(jump(30.0), WEIGHTS)
    count = len(fast.names)
    frames = min(len(fast.values), len(slow.values))
    difference = np.abs(fast.values[:frames, :count] - slow.values[:frames, :count])
    assert np.median(difference) < 0.2
    assert np.percentile(difference, 99) < 8.0


def test_mirror_image_swaps_columns() -> None:
    motion = simulate("free_throw", seed=2, rate_hz=60.0).motion
    image = motion.moved(motion.positions_m[:, MIRROR_INDEX] * np.array([1.0, -1.0, 1.0]))
    own, other = features(motion, WEIGHTS), features(image, WEIGHTS)
    assert np.allclose(own.values[:, mirrored_columns(own.names)], other.values, atol=1e-6)


def test_derivatives_of_a_sine() -> None:
    times = np.arange(180) / GRID_HZ
    angle = 30.0 * np.sin(2 * np.pi * times)[:, None]
    speed = smooth(angle, 1.3, order=1) * GRID_HZ
    bend = smooth(angle, 1.3, order=2) * GRID_HZ**2
    inner = slice(20, -20)
    wave = 2 * np.pi
    assert np.allclose(speed[inner, 0], 30.0 * wave * np.cos(wave * times[inner]), atol=0.03 * 30 * wave)
    assert np.allclose(bend[inner, 0], -30.0 * wave**2 * np.sin(wave * times[inner]), atol=0.03 * 30 * wave**2)


def test_short_gaps_are_bridged_and_long_ones_stay_unknown() -> None:
    motion = jump()
    wrist = INDEX["left_wrist"]
    positions = np.array(motion.positions_m)
    positions[60:66, wrist] = np.nan
    positions[120:180, wrist] = np.nan
    even = resample(Motion(motion.times_s, positions), GRID_HZ)
    assert LONGEST_BRIDGE_S * GRID_HZ > 7
    assert even.present[55:70, wrist].all()
    assert np.allclose(even.positions_m[55:70, wrist], motion.positions_m[55:70, wrist], atol=0.05)
    assert not even.present[125:175, wrist].any()
    assert np.isnan(features(Motion(motion.times_s, positions), WEIGHTS).values[150]).any()


def test_scales_make_a_typical_difference_one() -> None:
    found = features(jump(), WEIGHTS)
    scale = scales(found.values, found.names, WEIGHTS)
    centred = found.values - np.nanmean(found.values, axis=0)
    assert np.mean(np.sum(scale * centred**2, axis=1)) == pytest.approx(1.0, rel=0.05)
