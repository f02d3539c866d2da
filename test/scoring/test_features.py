import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import butter, sosfiltfilt

from sport_nodes.motion import Motion, Provenance
from sport_nodes.scoring.features import (
    KEPT_STILLNESS_S,
    LONGEST_MATRIX_FRAMES,
    LOW_PASS_HZ,
    NETWORK_FRAMES,
    VELOCITY_SCALE_S,
    WORK_RATE_HZ,
    TooLittleError,
    low_passed,
    prepare,
)
from sport_nodes.skeleton import INDEX, TRUNK_JOINTS


def turned(motion: Motion, angle_rad: float, shift_m: tuple[float, float]) -> Motion:
    c, s = np.cos(angle_rad), np.sin(angle_rad)
    rotation = np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])
    return motion.moved(motion.positions_m @ rotation.T + np.array([*shift_m, 0.0]))


@settings(max_examples=25, deadline=None)
@given(st.floats(-np.pi, np.pi), st.floats(-5.0, 5.0), st.floats(-5.0, 5.0))
def test_turning_and_shifting_the_scene_changes_nothing(person, angle_rad, x_m, y_m):
    plain, moved = prepare(person()), prepare(turned(person(), angle_rad, (x_m, y_m)))
    np.testing.assert_allclose(moved.pose, plain.pose, atol=1e-5)
    np.testing.assert_allclose(moved.velocity, plain.velocity, atol=1e-5)
    assert moved.tempo == plain.tempo


@pytest.mark.parametrize("scale", [0.8, 1.3])
def test_body_size_does_not_show(person, scale):
    plain = prepare(person())
    # A body twice the size moves twice as fast in metres per second: the stillness threshold sees it a little earlier.
    large = prepare(person().moved(person().positions_m * scale))
    assert large.trunk_length_m == pytest.approx(scale * plain.trunk_length_m, rel=0.01)
    np.testing.assert_allclose(large.pose, plain.pose, atol=0.05)


def test_trunk_edges_have_a_mean_length_of_one_trunk(person):
    pose = prepare(person()).pose.astype(float)
    corner = [pose[INDEX[name]] for name in TRUNK_JOINTS]
    edges = [np.linalg.norm(corner[a] - corner[b], axis=1) for a, b in ((0, 1), (2, 3), (0, 2), (1, 3))]
    assert np.median(np.mean(edges, axis=0)) == pytest.approx(1.0, abs=0.01)
    np.testing.assert_allclose(np.mean(corner, axis=0), 0.0, atol=1e-6)


def test_stillness_is_cropped_but_for_a_margin(person):
    prepared = prepare(person(still_s=1.2, moving_s=1.5))
    # sin^2 starts slowly: the movement passes the threshold within the first tenth of it.
    assert 1.2 - KEPT_STILLNESS_S - 0.02 <= prepared.begin_s <= 1.2 - KEPT_STILLNESS_S + 0.15
    assert 2.7 + KEPT_STILLNESS_S - 0.15 <= prepared.end_s <= 2.7 + KEPT_STILLNESS_S + 0.02


def test_more_stillness_gives_the_same_features(person):
    short, long = prepare(person(still_s=0.4)), prepare(person(still_s=2.0))
    np.testing.assert_allclose(long.pose, short.pose, atol=0.02)


def test_tempo_is_the_logarithm_of_the_duration(person):
    slow, fast = prepare(person(moving_s=3.0)), prepare(person(moving_s=1.5))
    assert slow.tempo - fast.tempo == pytest.approx(np.log2(slow.duration_s / fast.duration_s))
    assert 0.8 < slow.tempo - fast.tempo < 1.1
    # Twice as slow on as many frames: the same pose, half the speed.
    ratio = np.abs(fast.velocity).max() / np.abs(slow.velocity).max()
    assert ratio == pytest.approx(2.0, rel=0.1)


def test_velocity_is_the_derivative_of_the_path(person):
    prepared = prepare(person())
    wrist, hip = INDEX["left_wrist"], [INDEX["left_hip"], INDEX["right_hip"]]
    step_s = prepared.duration_s / (NETWORK_FRAMES - 1)
    relative = np.gradient(prepared.pose[wrist] - prepared.pose[hip].mean(axis=0), step_s, axis=0)
    difference = (prepared.velocity[wrist] - prepared.velocity[hip].mean(axis=0)) / VELOCITY_SCALE_S
    np.testing.assert_allclose(difference[2:-2], relative[2:-2], atol=0.15)


def test_30_hz_and_120_hz_agree(person):
    coarse, fine = prepare(person(rate_hz=30.0)), prepare(person(rate_hz=120.0))
    np.testing.assert_allclose(coarse.pose, fine.pose, atol=0.03)


def test_a_missing_joint_is_zero_and_marked(person):
    motion = person()
    positions = np.array(motion.positions_m)
    positions[:, INDEX["left_wrist"]] = np.nan
    prepared, whole = prepare(Motion(motion.times_s, positions)), prepare(motion)
    assert not prepared.mask[INDEX["left_wrist"]].any()
    assert not prepared.pose[INDEX["left_wrist"]].any()
    assert prepared.unmeasured[INDEX["left_wrist"]] == 1.0
    others = [i for i in range(17) if i != INDEX["left_wrist"]]
    assert prepared.mask[others].all()
    # Without the fastest joint the crop may begin a frame later.
    np.testing.assert_allclose(prepared.pose[others], whole.pose[others], atol=0.05)


@pytest.mark.parametrize("corner", TRUNK_JOINTS)
def test_a_trunk_with_one_corner_missing_is_completed(person, corner):
    motion = person()
    positions = np.array(motion.positions_m)
    positions[:, INDEX[corner]] = np.nan
    prepared, whole = prepare(Motion(motion.times_s, positions)), prepare(motion)
    assert prepared.trunk_length_m == pytest.approx(whole.trunk_length_m, rel=0.05)
    np.testing.assert_allclose(prepared.pose[INDEX["nose"]], whole.pose[INDEX["nose"]], atol=0.08)


def test_a_short_gap_is_bridged_and_a_long_one_is_not(person):
    motion = person(rate_hz=60.0)
    middle = len(motion) // 2
    for frames, there in ((9, True), (30, False)):
        positions = np.array(motion.positions_m)
        positions[middle - frames // 2 : middle + frames // 2, INDEX["right_knee"]] = np.nan
        mask = prepare(Motion(motion.times_s, positions)).mask[INDEX["right_knee"]]
        assert bool(mask[NETWORK_FRAMES // 2]) is there


def test_inferred_joints_count_as_unmeasured(person):
    motion = person()
    provenance = np.array(motion.provenance)
    provenance[:, INDEX["left_knee"]] = Provenance.INFERRED
    prepared = prepare(Motion(motion.times_s, motion.positions_m, motion.confidence, provenance))
    assert prepared.unmeasured[INDEX["left_knee"]] == 1.0
    assert prepared.mask[INDEX["left_knee"]].all()


def test_frames_lost_as_a_whole_count_as_unmeasured(person):
    motion = person(rate_hz=60.0, moving_s=2.0)
    kept = (motion.times_s < 1.0) | (motion.times_s > 1.6)
    unmeasured = prepare(motion.take(kept)).unmeasured
    assert np.all((unmeasured > 0.2) & (unmeasured < 0.45))


def test_too_little_is_said_so(person):
    with pytest.raises(TooLittleError, match="11 frames"):
        prepare(person(rate_hz=5.0, moving_s=1.0))
    with pytest.raises(TooLittleError, match=r"0\.5 s"):
        prepare(person().take(slice(0, 10)))
    still = person().moved(np.repeat(person().positions_m[:1], len(person()), axis=0))
    with pytest.raises(TooLittleError, match="nothing moves"):
        prepare(still)
    positions = np.array(person().positions_m)
    positions[:, [INDEX["left_hip"], INDEX["right_hip"]]] = np.nan
    with pytest.raises(TooLittleError, match="trunk"):
        prepare(Motion(person().times_s, positions))


@pytest.mark.parametrize("frames", [40, LONGEST_MATRIX_FRAMES + 1])
def test_the_low_pass_is_scipys_without_delay(frames):
    positions = np.random.default_rng(0).normal(size=(frames, 17, 3)).cumsum(axis=0)
    sections = butter(2, LOW_PASS_HZ, fs=WORK_RATE_HZ, output="sos")
    np.testing.assert_allclose(low_passed(positions), sosfiltfilt(sections, positions, axis=0, padlen=9), atol=1e-12)
