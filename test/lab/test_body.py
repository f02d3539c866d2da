"""Occlusion by the body, against geometry that can be told by eye."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sport_nodes.lab.body import _segment_distance, body_capsules, stature_m, visibility
from sport_nodes.lab.bystanders import bystander_motion
from sport_nodes.lab.scenarios import Bystander
from sport_nodes.skeleton import INDEX

STANDING = bystander_motion(Bystander((0.0, 0.0), height_m=1.7), np.zeros(1))
OWN = [body_capsules(STANDING, own=True)]
coordinate = st.floats(-2.0, 2.0)
point = st.tuples(coordinate, coordinate, coordinate)


def seen_from(x, y, z=1.2):
    free = visibility(np.array([x, y, z]), STANDING, OWN)[0]
    return {name: free[i] for name, i in INDEX.items()}


def test_stature_is_that_of_the_person():
    assert stature_m(STANDING) == pytest.approx(1.7, rel=0.02)


def test_from_the_left_the_right_side_is_hidden_and_the_left_is_not():
    seen = seen_from(0.0, 4.0)
    for part in ("shoulder", "hip", "knee", "ankle"):
        assert seen[f"left_{part}"] > (0.5 if part == "hip" else 0.9)  # the forearm hangs before the hip
        assert seen[f"right_{part}"] < 0.25
    assert seen["left_ear"] > 0.9 > 0.1 > seen["right_ear"]


def test_from_the_front_everything_but_the_ears_is_free():
    seen = seen_from(4.0, 0.0)
    assert all(free > 0.9 for name, free in seen.items() if not name.endswith("ear"))


def test_from_behind_the_face_is_hidden():
    seen = seen_from(-4.0, 0.0, z=1.6)
    assert all(seen[name] < 0.1 for name in ("nose", "left_eye", "right_eye"))
    assert seen["left_shoulder"] > 0.9


def test_someone_in_between_hides_the_body():
    other = bystander_motion(Bystander((2.0, 0.0), facing_rad=1.57), np.zeros(1))
    alone = visibility(np.array([4.0, 0.0, 1.2]), STANDING, OWN).mean()
    crowded = visibility(np.array([4.0, 0.0, 1.2]), STANDING, [*OWN, body_capsules(other, own=False)]).mean()
    assert crowded < 0.6 * alone


def test_a_limb_that_was_not_tracked_hides_nothing():
    gaps = STANDING.copy()
    gaps[:, INDEX["left_knee"]] = np.nan
    free = visibility(np.array([0.0, 4.0, 1.2]), STANDING, [body_capsules(gaps, own=True)])
    assert np.isfinite(free).all()
    assert free[0, INDEX["right_knee"]] > 0.9


@settings(max_examples=60, deadline=None)
@given(point, point, point, point)
def test_segment_distance_is_the_minimum_over_both_segments(p0, p1, q0, q1):
    p0, p1, q0, q1 = (np.array(p) for p in (p0, p1, q0, q1))
    way = np.linspace(0.0, 1.0, 201)[:, None]
    on_p, on_q = p0 + way * (p1 - p0), q0 + way * (q1 - q0)
    least = np.linalg.norm(on_p[:, None] - on_q[None], axis=2).min()
    between_grid_points = (np.linalg.norm(p1 - p0) + np.linalg.norm(q1 - q0)) / 400.0
    got = float(_segment_distance(p0, p1, q0, q1))
    assert least - between_grid_points - 1e-6 <= got <= least + 1e-6
