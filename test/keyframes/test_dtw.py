"""DTW against every path there is, and against a movement hidden in a longer recording."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sport_nodes.keyframes.dtw import STEPS, accumulate, distances, trace


def cost_of_step(cost: np.ndarray, before: tuple[int, int], after: tuple[int, int]) -> float:
    """The definition: each target frame entered counts once, by the mean of the recording frames it covers."""
    (i0, j0), (i1, j1) = before, after
    if i1 - i0 == 1:
        return float(np.mean(cost[i1, j0 + 1 : j1 + 1]))
    return float(np.sum(cost[i0 + 1 : i1 + 1, j1]))


def cheapest(cost: np.ndarray, *, end: int, free: bool) -> float:
    """Enumerates every path by the steps allowed."""
    n = len(cost)

    def to(i: int, j: int) -> float:
        if i == 0:
            return float(cost[0, j]) if free or j == 0 else np.inf
        ways = [(i - di, j - dj) for di, dj in STEPS if i - di >= 0 and j - dj >= 0]
        return min((to(*w) + cost_of_step(cost, w, (i, j)) for w in ways), default=np.inf)

    return to(n - 1, end)


@settings(max_examples=30, deadline=None)
@given(n=st.integers(2, 5), m=st.integers(2, 6), seed=st.integers(0, 10_000), free=st.booleans())
def test_accumulate_finds_the_cheapest_of_all_paths(n: int, m: int, seed: int, free: bool) -> None:
    cost = np.random.default_rng(seed).random((n, m))
    total, begin, step = accumulate(cost, free)
    for end in range(m):
        expected = cheapest(cost, end=end, free=free)
        assert total[-1, end] == pytest.approx(expected)
        if np.isfinite(expected):
            path = [tuple(p) for p in trace(step, end)]
            assert path[0] == (0, begin[-1, end])
            assert path[-1] == (n - 1, end)
            summed = cost[path[0]] + sum(cost_of_step(cost, a, b) for a, b in pairwise(path))
            assert summed == pytest.approx(expected)


@settings(max_examples=20, deadline=None)
@given(offset=st.integers(5, 60), seed=st.integers(0, 1000))
def test_a_movement_is_found_where_it_was_hidden(offset: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    target = np.cumsum(rng.standard_normal((40, 3)), axis=0)
    recording = 5.0 * rng.standard_normal((120, 3))
    recording[offset : offset + 40] = target
    total, begin, step = accumulate(distances(target, recording, np.ones(3)), True)
    end = int(np.argmin(total[-1]))
    assert (begin[-1, end], end) == (offset, offset + 39)
    assert np.array_equal(trace(step, end)[:, 1], offset + np.arange(40))


def test_slope_limits_hold() -> None:
    rng = np.random.default_rng(5)
    _, _, step = accumulate(rng.random((60, 90)), True)
    moves = np.diff(trace(step, 80), axis=0)
    assert {tuple(move) for move in moves} <= {tuple(s) for s in STEPS}


def test_distances_match_the_definition_and_leave_out_what_is_unknown() -> None:
    rng = np.random.default_rng(1)
    a, b, scale = rng.random((6, 4)), rng.random((7, 4)), rng.random(4)
    direct = np.sqrt(np.sum(scale * (a[:, None] - b[None]) ** 2, axis=2))
    assert np.allclose(distances(a, b, scale), direct)
    b[3, 1] = np.nan
    known = [0, 2, 3]
    partial = np.sqrt(np.sum(scale[known] * (a[2, known] - b[3, known]) ** 2) / 0.75)
    assert distances(a, b, scale)[2, 3] == pytest.approx(partial)
    b[5] = np.nan
    assert np.isfinite(distances(a, b, scale)).all()
    assert np.isnan(distances(a, np.full((7, 4), np.nan), scale)).all()
