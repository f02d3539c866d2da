"""Every conversion is undone by its opposite, also over the wire; nonsense is refused in words."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from rclpy.serialization import deserialize_message, serialize_message
from sport_coach.msg import Keyframes, TrialMotion

from sport_nodes.coaching.coach_report import CoachReport, Improvement
from sport_nodes.diagnosis.findings import VERDICTS, Diagnosis, Finding, RootCause
from sport_nodes.errors import InputError
from sport_nodes.keyframes.alignment import Alignment, Keyframe
from sport_nodes.measurements import AlignedTrial, DeviceClock, ImuStream, KeypointStream
from sport_nodes.motion import Motion
from sport_nodes.nodes import conversions as cv
from sport_nodes.scoring.scores import Importance, StageScore, StageScores

HOST_TIMES = st.floats(1.5e9, 2.1e9)
# NUL ends a string in every ROS middleware, so no name or sentence holds one.
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
NUMBER = st.floats(-1e6, 1e6) | st.just(float("nan"))
CONFIDENCE = st.floats(0.0, 1.0)
COUNT = st.integers(0, 2**31)
QUICK = settings(max_examples=40, deadline=None)


def numbers(*shape: int) -> Any:
    return arrays(np.float64, shape, elements=NUMBER, fill=st.nothing())


def confidences(*shape: int) -> Any:
    return arrays(np.float64, shape, elements=CONFIDENCE)


def flags(*shape: int) -> Any:
    return arrays(np.bool_, shape)


@st.composite
def motions(draw: Any, frames: int | None = None, times: Any = None) -> Motion:
    count = draw(st.integers(0, 4)) if frames is None else frames
    gaps = draw(arrays(np.float64, count, elements=st.floats(0.001, 5.0)))
    times_s = np.cumsum(gaps) if times is None else np.array([draw(times)])
    sigma = draw(arrays(np.float64, (count, 17), elements=st.floats(0.0, 2.0) | st.just(float("nan"))))
    provenance = draw(arrays(np.uint8, (count, 17), elements=st.integers(1, 4)))
    return Motion(times_s, draw(numbers(count, 17, 3)), draw(confidences(count, 17)), provenance, sigma)


def over_the_wire(message: Any) -> Any:
    return deserialize_message(serialize_message(message), type(message))


def same(a: Any, b: Any) -> bool:
    """Equal in type, shape and value, NaN like NaN, down through dataclasses and tuples."""
    if dataclasses.is_dataclass(a):
        return type(a) is type(b) and all(same(getattr(a, f.name), getattr(b, f.name)) for f in dataclasses.fields(a))
    if isinstance(a, np.ndarray):
        return a.shape == b.shape and a.dtype == b.dtype and np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
    if isinstance(a, tuple):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    if isinstance(a, float):
        return isinstance(b, float) and (a == b or (np.isnan(a) and np.isnan(b)))
    return bool(type(a) is type(b) and a == b)


@given(HOST_TIMES)
def test_a_stamp_keeps_a_time_of_today_exactly(seconds: float) -> None:
    assert cv.from_stamp(cv.to_stamp(seconds)) == seconds


@given(st.floats(0.0, 1e6))
def test_a_stamp_keeps_any_time_to_a_nanosecond(seconds: float) -> None:
    assert abs(cv.from_stamp(cv.to_stamp(seconds)) - seconds) <= 0.51e-9 + np.spacing(seconds)


@pytest.mark.parametrize("seconds", [-1.0, 3e9, float("nan"), float("inf")])
def test_a_time_that_no_stamp_holds_is_refused(seconds: float) -> None:
    with pytest.raises(InputError, match="stamp"):
        cv.to_stamp(seconds)


@QUICK
@given(motions(frames=1, times=HOST_TIMES))
def test_skeleton(motion: Motion) -> None:
    assert same(cv.skeleton_from_message(over_the_wire(cv.skeleton_to_message(motion))), motion)


@QUICK
@given(
    motions(),
    HOST_TIMES,
    TEXT,
    st.lists(st.builds(DeviceClock, TEXT, *[NUMBER] * 4, *[COUNT] * 3, st.booleans(), TEXT), max_size=2),
)
def test_trial(motion: Motion, stamp_s: float, text: str, clocks: list[DeviceClock]) -> None:
    message = over_the_wire(
        cv.trial_to_message(motion, stamp_s=stamp_s, trial=text, action=text, athlete=text, clocks=clocks)
    )
    assert same(cv.trial_from_message(message), motion)
    assert same(cv.clocks_of_trial(message), tuple(clocks))
    assert (message.trial, message.athlete, cv.from_stamp(message.header.stamp)) == (text, text, stamp_s)


@st.composite
def aligned_frames(draw: Any) -> tuple[AlignedTrial, Motion]:
    time_s = draw(HOST_TIMES)
    cameras, imus = draw(st.integers(0, 3)), draw(st.integers(0, 5))
    depth, fused = (draw(motions(frames=1, times=st.just(time_s))) for _ in range(2))
    confidence = draw(arrays(np.float64, (1, cameras, 1, 17), elements=st.floats(0.01, 1.0)))
    orientation = draw(arrays(np.float64, (1, imus, 4), elements=st.floats(-1.0, 1.0)))
    aligned = AlignedTrial(
        np.array([time_s]),
        tuple(f"camera_{i}" for i in range(cameras)),
        draw(numbers(1, cameras, 1, 17, 2)),
        confidence,
        depth.positions_m,
        depth.confidence,
        tuple(f"imu_{i}" for i in range(imus)),
        orientation,
        draw(numbers(1, imus, 6)),
        draw(flags(1, 17)) & depth.present,
        draw(flags(1, cameras, 1, 17)),
        draw(flags(1, imus)),
    )
    return aligned, fused


@QUICK
@given(aligned_frames(), TEXT)
def test_motion_frame(frame: tuple[AlignedTrial, Motion], trial: str) -> None:
    aligned, fused = frame
    message = over_the_wire(cv.frame_to_message(aligned, fused, trial=trial, people=[0] * len(aligned.camera_names)))
    assert same(cv.frame_from_message(message), frame)
    assert message.trial == trial


def test_a_camera_and_an_imu_that_saw_nothing_are_left_out_of_a_frame() -> None:
    nothing = AlignedTrial(
        np.array([1.7e9]),
        ("camera_0",),
        np.full((1, 1, 2, 17, 2), np.nan),
        np.zeros((1, 1, 2, 17)),
        np.full((1, 17, 3), np.nan),
        np.zeros((1, 17)),
        ("imu_trunk",),
        np.full((1, 1, 4), np.nan),
        np.full((1, 1, 6), np.nan),
        np.zeros((1, 17), bool),
        np.zeros((1, 1, 2, 17), bool),
        np.zeros((1, 1), bool),
    )
    missing = Motion(nothing.times_s, nothing.depth_m)
    message = cv.frame_to_message(nothing, missing, trial="", people=[1])
    assert not message.image_features
    assert not message.imus
    assert all(np.isnan(p.x) for p in message.depth_skeleton.positions)


@QUICK
@given(HOST_TIMES, st.integers(0, 3).flatmap(lambda p: st.tuples(numbers(1, p, 17, 2), confidences(1, p, 17))), COUNT)
def test_keypoints(time_s: float, people: tuple[Any, Any], sequence: int) -> None:
    stream = KeypointStream(np.array([time_s]), *people)
    message = over_the_wire(
        cv.keypoints_to_message(stream, frame_id="camera_0_optical", sequence=sequence, size_px=(1920, 1080))
    )
    assert same(cv.keypoints_from_message(message), stream)
    assert message.sequence == sequence


@QUICK
@given(
    HOST_TIMES,
    arrays(np.float64, 4, elements=st.floats(-1, 1)).filter(lambda q: np.linalg.norm(q) > 0.1),
    arrays(np.float64, 6, elements=st.floats(-300, 300)),
    st.booleans(),
    st.booleans(),
    st.text(max_size=12).filter(lambda name: "\0" not in name),
)
def test_imu(
    time_s: float, orientation: Any, vector: Any, has_orientation: bool, has_force: bool, frame_id: str
) -> None:
    orientation = orientation / np.linalg.norm(orientation) if has_orientation else np.full(4, np.nan)
    vector[3:] = vector[3:] if has_force else np.nan
    stream = ImuStream(np.array([time_s]), orientation[None], vector[None])
    message = cv.imu_to_message(stream, frame_id=frame_id)
    assert (message.orientation_covariance[0] == -1.0) is not has_orientation
    data = serialize_message(message)
    assert same(cv.imu_from_cdr(data), stream)
    for length in range(len(data)):
        with pytest.raises(InputError, match="cut off"):
            cv.imu_from_cdr(data[:length])


@QUICK
@given(
    st.builds(
        StageScores,
        action=TEXT,
        value=NUMBER,
        low=NUMBER,
        high=NUMBER,
        grade=TEXT,
        grade_probabilities=numbers(5),
        stages=st.lists(st.builds(StageScore, TEXT, *[NUMBER] * 5), max_size=3).map(tuple),
        bias_correction=NUMBER,
        model=TEXT,
        latency_ms=NUMBER,
        withheld=TEXT,
        warnings=st.lists(TEXT, max_size=2).map(tuple),
    ),
    HOST_TIMES,
)
def test_scores(scores: StageScores, stamp_s: float) -> None:
    header = cv.make_header(stamp_s, "world")
    message = over_the_wire(cv.scores_to_message(scores, header=header, trial="t"))
    assert same(cv.scores_from_message(message), scores)
    assert (message.trial, message.header) == ("t", header)


@QUICK
@given(
    st.builds(Importance, action=TEXT, model=TEXT, joints=numbers(17), times_s=numbers(3), frames=numbers(3)),
    HOST_TIMES,
)
def test_importance(importance: Importance, stamp_s: float) -> None:
    header = cv.make_header(stamp_s, "world")
    message = over_the_wire(cv.importance_to_message(importance, header=header, trial="t"))
    assert same(cv.importance_from_message(message), importance)
    assert (message.trial, message.header) == ("t", header)
    message.frame_times_s = [0.0]
    with pytest.raises(InputError, match="frame_importance"):
        cv.importance_from_message(message)


KEYFRAME = st.builds(Keyframe, TEXT, NUMBER, NUMBER, CONFIDENCE, COUNT)


@QUICK
@given(
    st.builds(
        Alignment,
        action=TEXT,
        target=TEXT,
        windows_s=st.integers(0, 3).flatmap(lambda n: numbers(n, 2)),
        path_s=st.integers(0, 9).flatmap(lambda n: numbers(n, 2)),
        distance=NUMBER,
        keyframes=st.lists(KEYFRAME, max_size=3).map(tuple),
        stage_bounds_s=st.tuples(st.integers(0, 3), st.integers(1, 5)).flatmap(lambda s: numbers(*s)),
        reason=TEXT,
    )
)
def test_keyframes(alignment: Alignment) -> None:
    message = over_the_wire(cv.alignment_to_message(alignment, header=cv.make_header(1.7e9, "world"), trial="t"))
    assert same(cv.alignment_from_message(message), alignment)


NAMES = st.lists(TEXT, max_size=3).map(tuple)
FINDING = st.builds(
    Finding,
    TEXT,
    TEXT,
    NUMBER,
    NUMBER,
    TEXT,
    NUMBER,
    NUMBER,
    NUMBER,
    st.sampled_from(VERDICTS),
    NAMES,
    TEXT,
    TEXT,
    NUMBER,
    TEXT,
)


@QUICK
@given(
    st.builds(
        Diagnosis,
        TEXT,
        st.lists(FINDING, max_size=3).map(tuple),
        st.lists(st.builds(RootCause, TEXT, TEXT, NUMBER, NAMES, TEXT, TEXT), max_size=2).map(tuple),
        TEXT,
    )
)
def test_diagnosis(diagnosis: Diagnosis) -> None:
    message = over_the_wire(cv.diagnosis_to_message(diagnosis, header=cv.make_header(1.7e9, "world"), trial="t"))
    assert same(cv.diagnosis_from_message(message), diagnosis)


@QUICK
@given(
    st.builds(
        CoachReport,
        *[TEXT] * 4,
        dimensions=st.dictionaries(TEXT, TEXT, max_size=3),
        strengths=NAMES,
        improvements=st.lists(st.builds(Improvement, *[TEXT] * 4, evidence=NAMES), max_size=2).map(tuple),
        source=TEXT,
        claims=COUNT,
        rejected_claims=COUNT,
        evidence=st.lists(st.tuples(TEXT, NAMES), max_size=3).map(tuple),
    )
)
def test_coaching(report: CoachReport) -> None:
    message = over_the_wire(cv.coaching_to_message(report, header=cv.make_header(1.7e9, "world"), trial="t"))
    assert same(cv.coaching_from_message(message), report)


def test_a_trial_whose_fields_do_not_fit_each_other_is_refused() -> None:
    times = np.arange(3.0)
    good = cv.trial_to_message(
        Motion(times, np.zeros((3, 17, 3))), stamp_s=1.7e9, trial="t", action="sit_up", athlete=""
    )
    assert len(cv.trial_from_message(good)) == 3
    for field, value, complaint in (
        ("positions_m", [0.0] * 7, "7 numbers"),
        ("confidence", [2.0] * 51, r"outside 0\.\.1"),
        ("provenance", [9] * 51, "provenance 9"),
        ("sigma_m", [-1.0] * 51, "negative"),
        ("times_s", [0.0, 0.0, 1.0], "increasing"),
        ("positions_m", [float("inf")] * 153, "infinite"),
    ):
        bad: TrialMotion = over_the_wire(good)
        setattr(bad, field, value)
        with pytest.raises(InputError, match=complaint):
            cv.trial_from_message(bad)


def test_other_nonsense_is_refused() -> None:
    keyframes = Keyframes(windows_s=[1.0, 2.0, 3.0])
    with pytest.raises(InputError, match="windows_s"):
        cv.alignment_from_message(keyframes)
    imu = cv.imu_to_message(ImuStream(np.array([1.7e9]), np.zeros((1, 4)), np.zeros((1, 6))), frame_id="imu")
    with pytest.raises(InputError, match="norm"):
        cv.imu_from_cdr(serialize_message(imu))
    stream = KeypointStream(np.array([1.7e9]), np.zeros((1, 1, 17, 2)), np.full((1, 1, 17), 7.0))
    with pytest.raises(InputError, match="confidence"):
        cv.keypoints_from_message(cv.keypoints_to_message(stream, frame_id="c", sequence=0, size_px=(4, 3)))
