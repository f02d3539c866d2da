"""Kinematics against geometry that can be worked out by other means."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from sport_nodes.lab.athlete import SEGMENT_SHARES, sample_athlete
from sport_nodes.lab.kinematics import (
    MASS_SHARES,
    center_of_mass,
    planted_feet,
    rot_x,
    rot_y,
    rot_z,
    two_link,
    upper_body,
    whole_body,
)
from sport_nodes.lab.trial_plan import neutral_posture

ANGLES = st.floats(-3.0, 3.0)


@given(ANGLES)
def test_rotations_agree_with_scipy(angle):
    for axis, rotation in (("x", rot_x), ("y", rot_y), ("z", rot_z)):
        expected = Rotation.from_euler(axis, angle).as_matrix()
        np.testing.assert_allclose(rotation(np.array(angle)), expected, atol=1e-12)


@given(st.floats(0.05, 0.75), ANGLES, st.floats(-1.2, 1.2), ANGLES)
def test_two_link_reaches_its_target_with_both_lengths(distance, turn, climb, roll):
    line = Rotation.from_euler("zy", [turn, climb]).apply([distance, 0.0, 0.0])
    pole = Rotation.from_euler("zy", [turn, climb]).apply([0.3, np.cos(roll), np.sin(roll)])
    middle, end = two_link(np.zeros(3), line, lengths=(0.42, 0.38), pole=pole)
    np.testing.assert_allclose(end, line, atol=1e-9)
    assert np.linalg.norm(middle) == pytest.approx(0.42)
    assert np.linalg.norm(end - middle) == pytest.approx(0.38)
    assert middle @ (pole - (pole @ line) * line / distance**2) > 0.0


def test_two_link_stretches_towards_what_is_out_of_reach():
    middle, end = two_link(np.zeros(3), np.array([2.0, 0.0, 0.0]), lengths=(0.4, 0.3), pole=np.array([0.0, 0.0, 1.0]))
    np.testing.assert_allclose(end, [0.7, 0.0, 0.0], atol=1e-6)
    assert np.linalg.norm(middle) == pytest.approx(0.4)


def standing(height_m=1.7):
    athlete = sample_athlete(np.random.default_rng(0), height_m=height_m)
    ball = np.array([[0.1, 0.1, 0.0], [0.1, -0.1, 0.0]])
    feet = planted_feet(athlete, ball_m=ball, yaw=np.zeros(2), pitch=np.zeros((1, 2)))
    root = np.array([[0.0, 0.0, 0.999 * (athlete.thigh + athlete.shank) + athlete.ankle_height]])
    upper = upper_body(athlete, neutral_posture(1))
    return athlete, whole_body(athlete, root_m=root, upper=upper, feet=feet, knee_pole=feet.forward)


def test_mass_shares_are_one_body():
    paired = ("foot", "shank", "thigh", "upper_arm", "forearm", "hand")
    total = sum((2 if name in paired else 1) * mass for name, (mass, _) in MASS_SHARES.items())
    assert total == pytest.approx(1.0, abs=1e-9)


def test_a_standing_bodys_centre_of_mass_and_head_are_where_anthropometry_has_them():
    athlete, points = standing()
    # Upright adults: 0.53 to 0.59 of body height over the floor (Winter 2009, ch. 4; Dempster 1955).
    assert 0.53 < center_of_mass(points)[0, 2] / athlete.height_m < 0.59
    # Eye height 0.936 of body height (Drillis & Contini 1966).
    assert points["left_eye"][0, 2] / athlete.height_m == pytest.approx(0.936, abs=0.025)
    assert points["nose"][0, 0] > points["left_eye"][0, 0] > points["left_ear"][0, 0]


def test_legs_and_trunk_make_up_the_height_of_the_shoulders():
    shares = sum(SEGMENT_SHARES[k] for k in ("ankle_height", "shank", "thigh", "trunk"))
    assert shares == pytest.approx(0.818, abs=1e-9)


@given(st.floats(-0.3, 1.3))
def test_a_planted_foot_turns_about_what_touches_the_floor(pitch):
    athlete, _ = standing()
    ball = np.array([[0.1, 0.1, 0.0], [0.1, -0.1, 0.0]])
    flat = planted_feet(athlete, ball_m=ball, yaw=np.array([0.2, -0.2]), pitch=np.zeros((1, 2)))
    feet = planted_feet(athlete, ball_m=ball, yaw=np.array([0.2, -0.2]), pitch=np.full((1, 2), pitch))
    fixed, moving = ("toe", "heel") if pitch >= 0 else ("heel", "toe")
    np.testing.assert_allclose(getattr(feet, fixed), getattr(flat, fixed), atol=1e-12)
    assert (getattr(feet, moving)[..., 2] >= -1e-12).all()
    for a, b in (("ankle", "toe"), ("ankle", "heel"), ("heel", "toe")):
        lengths = [np.linalg.norm(getattr(f, a) - getattr(f, b), axis=-1) for f in (feet, flat)]
        np.testing.assert_allclose(*lengths, atol=1e-12)
