"""Quantities against postures whose angles are known, and against what may not change them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sport_nodes.body import Body, body_height_m, body_of, heading
from sport_nodes.lab.simulate import simulate
from sport_nodes.quantities import QUANTITIES, read_quantity
from sport_nodes.skeleton import INDEX, MIRROR_INDEX

SIDE_LEAN = {"trunk_side_lean", "trunk_twist", "shoulder_tilt", "hip_tilt"}
#: The floor, the athlete's start and metres per second do not scale or move with the body.
NOT_SCALED = {"com_rise_speed", "com_forward_speed", "wrist_speed", "wrist_rise_speed"}
PLACED = {"pelvis_forward", "feet_forward"}


def standing() -> np.ndarray:
    """(17, 3) a person 1.80 m tall, upright, arms hanging, facing +x; limb lengths of Drillis & Contini."""
    points = np.zeros((17, 3))
    for side, y in (("left", 1.0), ("right", -1.0)):
        points[INDEX[f"{side}_ankle"]] = (0, 0.1 * y, 0.07)
        points[INDEX[f"{side}_knee"]] = (0, 0.1 * y, 0.07 + 0.246 * 1.8)
        points[INDEX[f"{side}_hip"]] = (0, 0.1 * y, 0.07 + 0.491 * 1.8)
        points[INDEX[f"{side}_shoulder"]] = (0, 0.2 * y, 1.45)
        points[INDEX[f"{side}_elbow"]] = (0, 0.2 * y, 1.45 - 0.186 * 1.8)
        points[INDEX[f"{side}_wrist"]] = (0, 0.2 * y, 1.45 - 0.332 * 1.8)
        points[INDEX[f"{side}_eye"]] = (0.1, 0.03 * y, 1.65)
        points[INDEX[f"{side}_ear"]] = (0.0, 0.08 * y, 1.63)
    points[INDEX["nose"]] = (0.12, 0, 1.61)
    return points


def value(points: np.ndarray, name: str, side: str = "") -> float:
    positions = np.repeat(points[None], 3, axis=0)
    return float(read_quantity(body_of(np.arange(3) / 60.0, positions), name, side)[1])


def test_standing_is_straight() -> None:
    points = standing()
    for name in ("knee_flexion", "hip_flexion", "elbow_flexion", "trunk_inclination", "arm_swing", "shoulder_flexion"):
        assert value(points, name) == pytest.approx(0.0, abs=1e-6), name
    assert body_height_m(points[None]) == pytest.approx(1.8)
    assert heading(points[None]) == pytest.approx([1, 0, 0])


def test_arm_raised_forward_and_overhead() -> None:
    points = standing()
    shoulder = points[INDEX["left_shoulder"]]
    points[INDEX["left_elbow"]] = shoulder + np.array([0.33, 0, 0])
    points[INDEX["left_wrist"]] = shoulder + np.array([0.33, 0, 0.26])
    assert value(points, "shoulder_flexion", "left") == pytest.approx(90.0)
    assert value(points, "elbow_flexion", "left") == pytest.approx(90.0)
    assert value(points, "upper_arm_elevation", "left") == pytest.approx(0.0, abs=1e-6)
    points[INDEX["left_wrist"]] = shoulder + np.array([-0.05, 0, 0.6])
    assert 180.0 < value(points, "arm_swing", "left") < 200.0


def test_directions() -> None:
    points = standing()
    for joint in ("left_shoulder", "right_shoulder"):
        points[INDEX[joint], 0] += 0.2
    assert value(points, "trunk_inclination") > 10.0
    points = standing()
    points[INDEX["left_shoulder"], 0] += 0.1
    points[INDEX["right_shoulder"], 0] -= 0.1
    assert value(points, "trunk_twist") < -10.0 or value(points, "trunk_twist") > 10.0
    points = standing()
    points[INDEX["left_elbow"], 1] += 0.2
    assert value(points, "elbow_flare", "left") > 20.0
    assert value(points, "elbow_flare", "right") == pytest.approx(0.0, abs=1e-6)
    points[INDEX["left_ankle"], 0] += 0.3
    assert value(points, "leg_reach", "left") > 10.0


@settings(max_examples=20, deadline=None)
@given(
    turn=st.floats(-np.pi, np.pi),
    x=st.floats(-5, 5),
    y=st.floats(-5, 5),
    scale=st.floats(0.7, 1.3),
    seed=st.integers(0, 3),
)
def test_nothing_depends_on_place_heading_or_size(turn: float, x: float, y: float, scale: float, seed: int) -> None:
    motion = simulate("standing_long_jump", seed=seed, rate_hz=10.0).motion
    rotation = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1.0]])
    moved = scale * motion.positions_m @ rotation.T + [x, y, 0.0]
    before, after = body_of(motion.times_s, motion.positions_m), body_of(motion.times_s, moved)
    for name in set(QUANTITIES) - NOT_SCALED - PLACED:
        a, b = read_quantity(before, name, "left"), read_quantity(after, name, "left")
        known = np.isfinite(a)
        assert np.allclose(a[known], b[known], atol=1e-6), name


@pytest.mark.parametrize("name", sorted(QUANTITIES))
def test_mirror_image_swaps_sides(name: str) -> None:
    motion = simulate("free_throw", seed=3, rate_hz=20.0).motion
    mirrored = motion.positions_m[:, MIRROR_INDEX] * np.array([1.0, -1.0, 1.0])
    forward = np.array([1.0, 0.0, 0.0])
    before = Body(motion.times_s, motion.positions_m, 1.7, forward)
    after = Body(motion.times_s, mirrored, 1.7, forward)
    if QUANTITIES[name].sided:
        if name == "ankle_forward":  # measured from the left hip on both sides, so that sides can be compared
            difference = [read_quantity(b, name, "left") - read_quantity(b, name, "right") for b in (before, after)]
            assert np.allclose(difference[0], -difference[1], atol=1e-9)
            return
        assert np.allclose(read_quantity(before, name, "left"), read_quantity(after, name, "right"), atol=1e-6)
    else:
        sign = -1.0 if name in SIDE_LEAN else 1.0
        assert np.allclose(read_quantity(before, name), sign * read_quantity(after, name), atol=1e-6)


def test_centre_of_mass_flies_a_parabola() -> None:
    trial = simulate("standing_long_jump", seed=2, rate_hz=240.0)
    times = {k.name: k.time_s for k in trial.keyframes}
    flight = trial.motion.between(times["take_off"] + 0.02, times["landing"] - 0.02)
    height = body_of(flight.times_s, flight.positions_m).centre_of_mass_m[:, 2]
    gravity = 2.0 * np.polyfit(flight.times_s, height, 2)[0]
    # The lab's own mass model differs a little from the one that 17 joints allow.
    assert gravity == pytest.approx(-9.81, rel=0.06)
