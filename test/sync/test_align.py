"""Alignment against the curves that the samples were drawn from."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import butter, sosfiltfilt
from scipy.spatial.transform import Rotation, Slerp

from sport_nodes.errors import InputError
from sport_nodes.measurements import ImuStream, KeypointStream, Recording, SkeletonStream
from sport_nodes.rig import load_rig
from sport_nodes.skeleton import INDEX, JOINT_COUNT, MIRROR_INDEX
from sport_nodes.sync.align import MAX_FILL_S, align_recording, join_frames
from sport_nodes.sync.people import keep_slots
from sport_nodes.sync.resample import low_pass, resample_linear, slerp_pairs

RIG = load_rig("lab")
EPOCH_S = 1.7e9


def joints_m(times_s: np.ndarray) -> np.ndarray:
    """(T, 17, 3) world points that swing slowly around (0, 0, 1)."""
    phase = 2.0 * np.pi * 0.5 * (times_s[:, None] - EPOCH_S) + np.arange(JOINT_COUNT)
    return np.stack([0.3 * np.sin(phase), 0.3 * np.cos(phase), 1.0 + 0.2 * np.sin(phase)], axis=2)


def depth_stream(times_s: np.ndarray) -> SkeletonStream:
    return SkeletonStream(times_s, RIG.depth.to_optical(joints_m(times_s)), np.full((len(times_s), JOINT_COUNT), 0.9))


def keypoint_stream(camera: str, times_s: np.ndarray) -> KeypointStream:
    xy = RIG.camera(camera).project(joints_m(times_s))
    return KeypointStream(times_s, xy[:, None], np.full((len(times_s), 1, JOINT_COUNT), 0.8))


def imu_stream(times_s: np.ndarray) -> ImuStream:
    turn = Rotation.from_rotvec(np.outer(times_s - EPOCH_S, [0.0, 0.0, 2.0]))
    return ImuStream(times_s, turn.as_quat(), np.tile([0.0, 0.0, 2.0, 0.0, 0.0, 9.81], (len(times_s), 1)))


def test_the_grid_lies_on_the_depth_stamps_and_every_sensor_on_the_grid() -> None:
    depth_s = EPOCH_S + np.arange(60) / 30.0
    trial = Recording(
        depth_stream(depth_s),
        {"camera_0": keypoint_stream("camera_0", EPOCH_S + 0.004 + np.arange(120) / 60.0)},
        {"imu_trunk": imu_stream(EPOCH_S + 0.002 + np.arange(400) / 200.0)},
    )
    aligned = align_recording(trial, RIG)
    np.testing.assert_allclose(aligned.times_s, depth_s)
    np.testing.assert_allclose(aligned.depth_m, joints_m(depth_s), atol=1e-6)
    inner = slice(2, -2)
    expected_px = RIG.camera("camera_0").project(joints_m(depth_s[inner]))
    np.testing.assert_allclose(aligned.keypoints_px[inner, 0, 0], expected_px, atol=0.2)
    turn = Rotation.from_quat(aligned.imu_orientation_xyzw[inner, 0])
    np.testing.assert_allclose(turn.as_rotvec()[:20, 2], 2.0 * (depth_s[inner] - EPOCH_S)[:20], atol=1e-5)
    np.testing.assert_allclose(aligned.imu_vectors[inner, 0, 5], 9.81, atol=1e-6)
    assert not aligned.depth_filled.any()
    assert aligned.camera_names == ("camera_0",)


def test_without_depth_the_grid_is_even() -> None:
    trial = Recording(None, {"camera_1": keypoint_stream("camera_1", EPOCH_S + np.arange(60) / 30.0)}, {})
    aligned = align_recording(trial, RIG, rate_hz=20.0)
    np.testing.assert_allclose(np.diff(aligned.times_s), 0.05, atol=1e-6)
    assert np.isnan(aligned.depth_m).all()


def test_short_gaps_are_bridged_and_marked_long_ones_stay() -> None:
    depth_s = EPOCH_S + np.arange(90) / 30.0
    stream = depth_stream(depth_s)
    wrist, knee = INDEX["left_wrist"], INDEX["left_knee"]
    stream.confidence[30:33, wrist] = 0.4  # under 0.5 counts as missing
    stream.confidence[40:60, knee] = 0.0
    aligned = align_recording(Recording(stream, {}, {}), RIG)
    assert aligned.depth_filled[30:33, wrist].all()
    assert aligned.depth_filled.sum() == 3
    np.testing.assert_allclose(aligned.depth_m[30:33, wrist], joints_m(depth_s)[30:33, wrist], atol=2e-3)
    assert np.isnan(aligned.depth_m[40:60, knee]).all()
    assert (aligned.depth_confidence[40:60, knee] == 0).all()
    assert 0 < aligned.depth_confidence[31, wrist] < 0.5


def test_lost_depth_frames_leave_grid_times_behind() -> None:
    depth_s = np.delete(EPOCH_S + np.arange(60) / 30.0, [20, 30, 31, 32, 33, 34, 35, 36, 37])
    aligned = align_recording(Recording(depth_stream(depth_s), {}, {}), RIG)
    np.testing.assert_allclose(aligned.times_s, EPOCH_S + np.arange(60) / 30.0, atol=1e-6)
    assert aligned.depth_filled[20].all()
    assert np.isnan(aligned.depth_m[30:38]).all()
    assert MAX_FILL_S < 9 / 30


def test_interpolation_does_not_mix_sides_or_people() -> None:
    times_s = EPOCH_S + np.arange(40) / 30.0
    one = keypoint_stream("camera_0", times_s).xy_px[:, 0]
    other = one + np.array([600.0, 20.0])
    xy = np.stack([one, other], axis=1)
    xy[20:] = xy[20:, ::-1]  # the detector lists the people the other way round
    swapped = xy.copy()
    swapped[10:, 0] = swapped[10:, 0][:, list(MIRROR_INDEX)]
    stream = KeypointStream(times_s + 0.01, swapped, np.full(xy.shape[:3], 0.8))
    aligned = align_recording(Recording(depth_stream(times_s), {"camera_0": stream}, {}), RIG)
    truth = np.stack([one, other], axis=1)
    for t in range(1, 40):
        for p in range(2):
            candidates = truth[t][:, list(MIRROR_INDEX)], truth[t]
            nearest = min(np.abs(aligned.keypoints_px[t, 0, p] - c[q]).max() for c in candidates for q in range(2))
            assert nearest < 15.0


def test_people_keep_their_slots() -> None:
    rng = np.random.default_rng(0)
    xy = np.stack([np.full((30, 17, 2), 100.0), np.full((30, 17, 2), 900.0)], axis=1) + rng.normal(0, 2, (30, 2, 17, 2))
    confidence = np.ones((30, 2, 17))
    for t in rng.choice(np.arange(1, 30), 10, replace=False):
        xy[t] = xy[t, ::-1]
    kept, _ = keep_slots(xy, confidence)
    assert np.ptp(kept.mean(axis=(2, 3)), axis=0).max() < 10.0


def test_low_pass_is_a_zero_phase_butterworth_of_20_hz() -> None:
    times_s = np.arange(1000) / 200.0
    slow, fast = np.sin(2 * np.pi * 3.0 * times_s), np.sin(2 * np.pi * 60.0 * times_s)
    smooth = low_pass(times_s, np.stack([slow, fast], axis=1))
    inner = slice(100, -100)
    np.testing.assert_allclose(smooth[inner, 0], slow[inner], atol=5e-3)
    assert np.abs(smooth[inner, 1]).max() < 0.02
    at_cut_off = low_pass(times_s, np.sin(2 * np.pi * 20.0 * times_s)[:, None])[inner, 0]
    assert np.sqrt(2.0) * at_cut_off.std() == pytest.approx(np.sqrt(0.5), abs=0.02)
    reference = sosfiltfilt(butter(2, 20.0 * 1.2465, fs=200.0, output="sos"), slow + fast)
    np.testing.assert_allclose(smooth.sum(axis=1)[inner], reference[inner], atol=5e-3)


def test_what_the_rig_does_not_have_is_refused() -> None:
    times_s = EPOCH_S + np.arange(10) / 30.0
    with pytest.raises(InputError, match="camera_9"):
        align_recording(Recording(None, {"camera_9": keypoint_stream("camera_0", times_s)}, {}), RIG)
    with pytest.raises(InputError, match="imu_head"):
        align_recording(Recording(depth_stream(times_s), {}, {"imu_head": imu_stream(times_s)}), RIG)
    with pytest.raises(InputError, match="no frame"):
        align_recording(Recording(None, {}, {"imu_trunk": imu_stream(times_s)}), RIG)


def test_joined_frames_are_the_trial() -> None:
    times_s = EPOCH_S + np.arange(12) / 30.0
    aligned = align_recording(
        Recording(depth_stream(times_s), {"camera_0": keypoint_stream("camera_0", times_s)}, {}), RIG
    )
    joined = join_frames([aligned.frame(t) for t in range(len(aligned))])
    for name in ("times_s", "keypoints_px", "keypoint_confidence", "depth_m", "depth_filled", "imu_vectors"):
        np.testing.assert_array_equal(getattr(joined, name), getattr(aligned, name))
    with pytest.raises(InputError):
        join_frames([])


@given(
    st.lists(st.floats(0.0, 10.0), min_size=2, max_size=40, unique=True),
    st.floats(-2.0, 2.0),
    st.floats(-3.0, 3.0),
)
@settings(max_examples=60, deadline=None)
def test_linear_resampling_is_exact_on_lines_and_never_extrapolates(
    times: list[float], slope: float, offset: float
) -> None:
    times_s = np.sort(np.array(times))
    grid_s = np.linspace(-1.0, 11.0, 50)
    values = resample_linear(times_s, (slope * times_s + offset)[:, None], grid_s, max_interval_s=np.inf)[:, 0]
    known = np.isfinite(values)
    np.testing.assert_allclose(values[known], (slope * grid_s + offset)[known], atol=1e-3)
    assert not known[(grid_s < times_s[0] - 1e-3) | (grid_s > times_s[-1] + 1e-3)].any()


def test_pairs_of_orientations_are_turned_into_each_other_as_by_slerp() -> None:
    first, second = Rotation.random(6, random_state=3), Rotation.random(6, random_state=4)
    share = np.array([0.0, 0.25, 0.5, 0.75, 1.0, 0.3])
    turned = slerp_pairs(first.as_quat(), -second.as_quat(), share)
    for k in range(6):
        expected = Slerp([0.0, 1.0], Rotation.concatenate([first[k], second[k]]))(share[k])
        assert (Rotation.from_quat(turned[k]) * expected.inv()).magnitude() < 1e-6
    unknown = np.full((1, 4), np.nan)
    assert np.isnan(slerp_pairs(unknown, second[:1].as_quat(), share[:1])).all()
    assert slerp_pairs(np.empty((0, 4)), np.empty((0, 4)), np.empty(0)).shape == (0, 4)
