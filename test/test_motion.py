"""Motion: what is said about a joint always fits the joint."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from sport_nodes.errors import InputError
from sport_nodes.motion import Motion, Provenance
from sport_nodes.skeleton import INDEX, JOINT_COUNT, JOINTS, LIMBS, MIRROR_INDEX, SEGMENTS, mirrored

FRAMES = 4
anything = st.floats(allow_nan=True, allow_infinity=True, width=64)


def positions():
    return arrays.arrays(np.float64, (FRAMES, JOINT_COUNT, 3), elements=anything)


def confidences():
    return arrays.arrays(np.float64, (FRAMES, JOINT_COUNT), elements=anything)


@given(positions(), confidences())
def test_a_joint_is_wholly_there_or_wholly_missing(positions_m, confidence):
    motion = Motion(np.arange(FRAMES) / 30.0, positions_m, confidence)
    there = np.isfinite(motion.positions_m)
    np.testing.assert_array_equal(there.any(axis=2), there.all(axis=2))
    np.testing.assert_array_equal(there.all(axis=2), motion.confidence > 0)
    np.testing.assert_array_equal(motion.confidence > 0, motion.provenance != Provenance.MISSING)
    assert ((motion.confidence >= 0) & (motion.confidence <= 1)).all()


def test_a_motion_does_not_change_what_it_was_made_from():
    times, points = np.arange(FRAMES) / 30.0, np.ones((FRAMES, JOINT_COUNT, 3))
    points[0, 0, 0] = np.nan
    motion = Motion(times, points)
    times[0], points[1] = -1.0, 5.0
    assert motion.times_s[0] == 0.0
    assert motion.positions_m[1, 0, 0] == 1.0
    assert points[0, 0, 1] == 1.0
    with pytest.raises(ValueError, match="read-only"):
        motion.positions_m[0] = 0.0


@pytest.mark.parametrize("times", [[0.0, 0.0, 0.1, 0.2], [0.0, np.nan, 0.1, 0.2], [0.2, 0.1, 0.0, -0.1]])
def test_times_must_increase(times):
    with pytest.raises(InputError, match="strictly increasing"):
        Motion(np.array(times), np.zeros((FRAMES, JOINT_COUNT, 3)))


def test_wrong_shapes_are_refused():
    with pytest.raises(InputError, match="positions"):
        Motion(np.arange(FRAMES), np.zeros((FRAMES, JOINT_COUNT - 1, 3)))
    with pytest.raises(InputError, match="confidence"):
        Motion(np.arange(FRAMES), np.zeros((FRAMES, JOINT_COUNT, 3)), np.ones((FRAMES, 2)))


def test_between_keeps_times_and_what_is_said():
    motion = Motion(np.arange(10) / 10.0, np.random.default_rng(0).normal(size=(10, JOINT_COUNT, 3)))
    part = motion.between(0.25, 0.6)
    np.testing.assert_allclose(part.times_s, [0.3, 0.4, 0.5, 0.6])
    np.testing.assert_array_equal(part.positions_m, motion.positions_m[3:7])


def test_the_mirror_image_of_the_mirror_image_is_the_joint_itself():
    assert [MIRROR_INDEX[i] for i in MIRROR_INDEX] == list(range(JOINT_COUNT))
    assert mirrored("left_knee") == "right_knee"
    assert mirrored("nose") == "nose"
    assert {mirrored(s) for s in SEGMENTS} == set(SEGMENTS)


def test_the_limbs_hold_every_joint_once():
    held = [joint for limb in LIMBS.values() for joint in limb]
    assert sorted(held, key=INDEX.__getitem__) == list(JOINTS)
