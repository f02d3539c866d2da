"""Events between frames, against formulas."""

import numpy as np
import pytest

from sport_nodes.actions import EventSpec
from sport_nodes.body import Body
from sport_nodes.keyframes.events import event_signal, find_event
from sport_nodes.skeleton import INDEX

TIMES = np.arange(120) / 60.0
SPAN = (0.0, 2.0)


def body_with_hips_at(height_m: np.ndarray) -> Body:
    positions = np.zeros((len(TIMES), 17, 3))
    for joint in ("left_hip", "right_hip"):
        positions[:, INDEX[joint], 2] = height_m
    return Body(TIMES, positions, 1.0, np.array([1.0, 0.0, 0.0]))


def test_top_of_a_parabola_is_found_between_frames() -> None:
    body = body_with_hips_at(1.0 - 2.0 * (TIMES - 0.8123) ** 2)
    found = find_event(body, EventSpec("pelvis_height", "maximum"), 0.5, 1.1, span_s=SPAN, mirrored=False)
    assert found == pytest.approx(0.8123, abs=1e-6)


def test_an_extreme_at_the_edge_of_the_window_is_none() -> None:
    body = body_with_hips_at(TIMES)
    event = EventSpec("pelvis_height", "maximum")
    assert find_event(body, event, 0.5, 1.0, span_s=SPAN, mirrored=False) is None


def test_crossings_by_threshold_and_by_fraction() -> None:
    body = body_with_hips_at(0.5 + 0.25 * TIMES)
    level = EventSpec("pelvis_height", "rises_through", threshold=70.0)
    assert find_event(body, level, 0.3, 1.5, span_s=SPAN, mirrored=False) == pytest.approx(0.8, abs=1e-6)
    share = EventSpec("pelvis_height", "rises_through", fraction=0.1)
    expected = 0.1 * TIMES[-1]
    assert find_event(body, share, 0.0, 1.0, span_s=SPAN, mirrored=False) == pytest.approx(expected, abs=1e-6)
    falls = EventSpec("pelvis_height", "falls_through", threshold=70.0)
    assert find_event(body, falls, 0.3, 1.5, span_s=SPAN, mirrored=False) is None


def test_rate_of_change() -> None:
    body = body_with_hips_at(1.0 + 0.1 * np.sin(2 * np.pi * TIMES))
    event = EventSpec("pelvis_height", "maximum", rate=True)
    assert find_event(body, event, 0.6, 1.4, span_s=SPAN, mirrored=False) == pytest.approx(1.0, abs=1e-3)


def test_sides_and_hidden_sides() -> None:
    body = body_with_hips_at(np.ones(len(TIMES)))
    positions = np.array(body.positions_m)
    positions[:, INDEX["right_wrist"], 2] = TIMES
    positions[:, INDEX["left_wrist"], 2] = np.nan
    body = Body(TIMES, positions, 1.0, body.forward)
    both = event_signal(body, EventSpec("wrist_height", "maximum"), mirrored=False)
    assert np.allclose(both, 100.0 * TIMES)
    right = EventSpec("wrist_height", "maximum", side="right")
    assert np.allclose(event_signal(body, right, mirrored=False), 100.0 * TIMES)
    assert np.isnan(event_signal(body, right, mirrored=True)).all()


def test_nothing_known_is_none() -> None:
    body = body_with_hips_at(np.full(len(TIMES), np.nan))
    assert find_event(body, EventSpec("pelvis_height", "maximum"), 0, 2, span_s=SPAN, mirrored=False) is None


def test_the_middle_of_a_flat_top_between_frames() -> None:
    height = np.interp(TIMES, [0.4, 0.8, 1.21, 1.41], [0.2, 1.0, 1.0, 0.2])
    event = EventSpec("pelvis_height", "middle_above", fraction=0.5)
    found = find_event(body_with_hips_at(height), event, 0.7, 1.2, span_s=SPAN, mirrored=False)
    assert found == pytest.approx(0.5 * (0.6 + 1.31), abs=0.002)
    half = body_with_hips_at(np.minimum(TIMES, 1.0))
    assert find_event(half, event, 0.7, 1.2, span_s=SPAN, mirrored=False) is None
