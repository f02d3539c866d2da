"""Metrics read off movements whose values are known by formula."""

from dataclasses import replace

import numpy as np
import pytest

from sport_nodes.actions import MetricSpec, load_action
from sport_nodes.body import Body
from sport_nodes.diagnosis.metrics import Repetition, moment, read_metric
from sport_nodes.skeleton import INDEX

TIMES = np.arange(121) / 60.0
REPETITION = Repetition(
    {"deepest_crouch": 0.5, "take_off": 1.0, "flight_peak": 1.2, "landing": 1.5},
    np.array([0.0, 0.5, 1.0, 1.5, 2.0]),
    ("pre_swing", "take_off", "flight", "landing"),
)
BLANK = replace(
    load_action("standing_long_jump").metric("crouch_com_height"),
    quantity="pelvis_height",
    at="",
    over=(),
    statistic="",
    relative_to="",
    between=(),
)


def body(height_m: np.ndarray, right_m: np.ndarray | None = None) -> Body:
    positions = np.zeros((len(TIMES), 17, 3))
    positions[:, INDEX["left_hip"], 2] = positions[:, INDEX["right_hip"], 2] = height_m
    positions[:, INDEX["left_wrist"], 2] = height_m
    positions[:, INDEX["right_wrist"], 2] = height_m if right_m is None else right_m
    return Body(TIMES, positions, 1.0, np.array([1.0, 0.0, 0.0]))


def read(spec: MetricSpec, subject: Body, side: str = "") -> float:
    return float(read_metric(spec, subject, REPETITION, side=side))


def test_at_a_keyframe_one_bad_frame_cannot_move_the_value() -> None:
    heights = 0.5 + 0.1 * TIMES
    heights[30] = 9.0
    spec = replace(BLANK, at="deepest_crouch")
    assert read(spec, body(heights)) == pytest.approx(55.0, abs=0.2)
    assert moment(spec, body(heights), REPETITION, side="") == 0.5


WAVE = 1.0 + 0.2 * np.sin(2 * np.pi * (TIMES - 1.0))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"over": ("flight",), "statistic": "maximum"}, 120.0),
        ({"over": ("pre_swing", "take_off"), "statistic": "range"}, 40.0),
        ({"over": ("pre_swing", "take_off"), "statistic": "minimum"}, 80.0),
        ({"over": ("pre_swing", "take_off"), "statistic": "mean"}, 100.0),
        ({"over": ("flight",), "statistic": "time_of_maximum", "relative_to": "take_off"}, 0.25),
        ({"over": ("take_off", "flight"), "statistic": "time_of_half", "relative_to": "deepest_crouch"}, 0.5),
        ({"over": ("flight", "landing"), "statistic": "time_of_half", "relative_to": "landing"}, 0.0),
        ({"over": ("flight", "landing"), "statistic": "time_above", "threshold": 110.0}, 1.0 / 3.0),
        ({"over": ("flight", "landing"), "statistic": "duration", "quantity": ""}, 1.0),
        ({"between": ("deepest_crouch", "landing"), "quantity": ""}, 1.0),
        ({"between": ("take_off", "flight_peak")}, 20.0 * np.sin(0.4 * np.pi)),
        ({"at": "take_off", "rate": True}, 40.0 * np.pi),
    ],
)
def test_against_formulas(changes: dict, expected: float) -> None:
    assert read(replace(BLANK, **changes), body(WAVE)) == pytest.approx(expected, rel=0.02, abs=0.02)


def test_half_is_between_the_frames_and_read_when_it_happens() -> None:
    ramp = 1.0 - 0.3 * np.clip((TIMES - 0.903) / 0.2, 0.0, 1.0)
    spec = replace(BLANK, over=("take_off", "flight"), statistic="time_of_half", relative_to="take_off")
    assert read(spec, body(ramp)) == pytest.approx(0.003, abs=1e-3)
    assert moment(spec, body(ramp), REPETITION, side="") == pytest.approx(1.003, abs=1e-3)


def test_left_minus_right() -> None:
    spec = replace(BLANK, quantity="wrist_height", sides="difference", at="take_off")
    assert read(spec, body(WAVE, WAVE - 0.1)) == pytest.approx(10.0, abs=0.1)


def test_smooth_is_smoother_than_jerky() -> None:
    spec = replace(BLANK, over=("flight",), statistic="smoothness")
    smooth = 1.0 + 0.2 * np.sin(2 * np.pi * (TIMES - 1.0))
    jerky = smooth + 0.01 * np.sin(12 * np.pi * TIMES)
    assert read(spec, body(jerky)) < read(spec, body(smooth)) - 0.5


def test_smoothness_of_minimum_jerk_is_the_published_value() -> None:
    """Minimum jerk, 10 x^3 - 15 x^4 + 6 x^5 (Flash & Hogan 1985), has a dimensionless squared jerk of 720."""
    x = np.clip(TIMES - 1.0, 0.0, 1.0)
    heights = 10 * x**3 - 15 * x**4 + 6 * x**5
    spec = replace(BLANK, over=("flight", "landing"), statistic="smoothness")
    repetition = replace(REPETITION, stage_bounds_s=np.array([0.0, 0.5, 1.0, 1.5, 2.0]))
    value = float(read_metric(spec, body(heights), repetition, side=""))
    assert value == pytest.approx(-np.log(720.0), abs=0.25)


def test_unknown_joints_give_no_number() -> None:
    heights = np.full(len(TIMES), np.nan)
    for changes in ({"at": "take_off"}, {"over": ("flight",), "statistic": "maximum"}):
        assert np.isnan(read(replace(BLANK, **changes), body(heights)))


@pytest.mark.parametrize(("angle_deg", "speed_mps"), [(25.0, 2.8), (40.0, 3.2), (55.0, 2.4)])
def test_launch_of_a_thrown_body_is_the_one_it_was_thrown_with(angle_deg: float, speed_mps: float) -> None:
    """Parabola by formula, from take-off at 1 s on, one frame of it torn off."""
    since = TIMES - 1.0
    rise, forward = speed_mps * np.sin(np.radians(angle_deg)), speed_mps * np.cos(np.radians(angle_deg))
    positions = np.zeros((len(TIMES), 17, 3))
    positions[..., 0] = (forward * since)[:, None]
    positions[..., 2] = (1.0 + rise * since - 0.5 * 9.80665 * since**2)[:, None]
    positions[75, :, 2] += 0.3
    thrown = Body(TIMES, positions, 1.7, np.array([1.0, 0.0, 0.0]))
    launch = replace(BLANK, over=("flight",), statistic="launch")
    assert read(replace(launch, quantity="com_path_angle"), thrown) == pytest.approx(angle_deg, abs=0.6)
    expected = 100.0 * rise**2 / (2.0 * 9.80665) / 1.7
    assert read(replace(launch, quantity="com_height"), thrown) == pytest.approx(expected, rel=0.03)
    hidden = Body(TIMES, np.full_like(positions, np.nan), 1.7, thrown.forward)
    assert np.isnan(read(replace(launch, quantity="com_height"), hidden))
