"""The target laid over the athlete: against motions whose relation is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sport_nodes.motion import Motion, Provenance
from sport_nodes.report import scene
from sport_nodes.skeleton import INDEX

HIPS = [INDEX["left_hip"], INDEX["right_hip"]]


@pytest.fixture(scope="module")
def walk() -> Motion:
    """A body of fixed shape that moves forward and up, with an arm that swings."""
    rng = np.random.default_rng(3)
    body = rng.normal(loc=(0, 0, 1), scale=0.3, size=(17, 3))
    times = np.linspace(0, 2, 61)
    positions = np.repeat(body[None], len(times), axis=0)
    positions[:, :, 0] += times[:, None]
    positions[:, INDEX["left_wrist"], 2] += np.sin(3 * times)
    return Motion(times, positions)


def diagonal(motion: Motion) -> np.ndarray:
    return np.stack([motion.times_s, motion.times_s], axis=1)


def test_a_motion_over_itself_is_itself(walk):
    assert np.allclose(scene.target_over(walk, walk, diagonal(walk)), walk.positions_m, atol=1e-9)


@given(turn=st.floats(-3.1, 3.1), x=st.floats(-5, 5), y=st.floats(-5, 5), size=st.floats(0.7, 1.4))
@settings(max_examples=30, deadline=None)
def test_place_heading_and_size_of_the_target_do_not_matter(walk, turn, x, y, size):
    rotation = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
    other = Motion(walk.times_s, size * walk.positions_m @ rotation.T + [x, y, 0])
    assert np.allclose(scene.target_over(walk, other, diagonal(walk)), walk.positions_m, atol=1e-6)


def test_the_target_is_shown_at_its_own_moment(walk):
    """A target that runs twice as fast is shown at half the time, its hips over the athlete's."""
    fast = Motion(walk.times_s / 2, walk.positions_m)
    path = np.stack([walk.times_s, walk.times_s / 2], axis=1)
    assert np.allclose(scene.target_over(walk, fast, path), walk.positions_m, atol=1e-9)


def test_nothing_is_shown_outside_the_path(walk):
    path = diagonal(walk)[20:40]
    shown = scene.target_over(walk, walk, path)
    assert np.isnan(shown[:20]).all()
    assert np.isnan(shown[40:]).all()
    assert np.isfinite(shown[20:40]).all()


def test_standing_still_in_the_path_shows_the_middle(walk):
    path = np.array([[0.0, 0.0], [1.0, 1.0], [1.0, 1.2], [1.0, 1.4], [2.0, 2.0]])
    assert scene.target_times(np.array([1.0]), path) == pytest.approx([1.2])


def test_long_trials_are_thinned_and_keep_their_span():
    times = np.arange(0, 120, 1 / 120)
    motion = Motion(times, np.zeros((len(times), 17, 3)))
    shown = scene.thinned(motion)
    assert len(shown) <= scene.MAX_FRAMES
    assert shown.times_s[0] == 0
    assert shown.times_s[-1] > 119


def test_missing_joints_are_null(walk):
    positions = walk.positions_m.copy()
    positions[:, 3] = np.nan
    motion = Motion(walk.times_s, positions)
    frames = scene.player_positions(motion.positions_m)
    assert frames[0][9:12] == [None, None, None]
    assert motion.provenance[0, 3] == Provenance.MISSING
