"""Curves against scipy's shape-preserving slopes and the calculus they promise."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.interpolate import pchip_interpolate

from sport_nodes.lab.curves import Curve, minimum_jerk, track

KNOTS = st.lists(st.tuples(st.floats(0.05, 2.0), st.floats(-3.0, 3.0)), min_size=3, max_size=8)


def knots_of(steps):
    return np.cumsum([s for s, _ in steps]), np.array([v for _, v in steps])


@given(KNOTS)
def test_passes_through_its_knots_with_the_slopes_of_pchip(steps):
    times, values = knots_of(steps)
    curve = Curve(times, values)
    np.testing.assert_allclose(curve(times), values, atol=1e-12)
    expected = pchip_interpolate(times, values, times, der=1)[1:-1]
    h = 1e-5 * np.diff(times).min()
    np.testing.assert_allclose(((curve(times + h) - curve(times - h)) / (2 * h))[1:-1], expected, atol=1e-3)


@given(KNOTS)
def test_acceleration_has_no_jump_at_a_knot(steps):
    times, values = knots_of(steps)
    curve = Curve(times, values)
    h = 1e-3 * np.diff(times).min()
    inner = times[1:-1]
    before = (curve(inner) - 2 * curve(inner - h) + curve(inner - 2 * h)) / h**2
    after = (curve(inner) - 2 * curve(inner + h) + curve(inner + 2 * h)) / h**2
    scale = np.abs(np.diff(values)).max() / np.diff(times).min() ** 2
    assert np.abs(after - before).max() <= 0.2 * scale + 1e-6


def test_two_knots_at_rest_give_the_minimum_jerk_course():
    u = np.linspace(0.0, 1.0, 50)
    np.testing.assert_allclose(track((2.0, 1.0), (4.0, 5.0))(2.0 + 2.0 * u), 1.0 + 4.0 * minimum_jerk(u), atol=1e-12)


def test_given_velocities_and_accelerations_are_met():
    curve = Curve([0.0, 1.0], [0.0, 2.0], [1.0, -3.0], [4.0, 5.0])
    h = 1e-4
    for t, sign, v, a in ((0.0, 1.0, 1.0, 4.0), (1.0, -1.0, -3.0, 5.0)):
        f = [float(curve(t + sign * k * h)) for k in range(4)]
        assert sign * (-1.5 * f[0] + 2.0 * f[1] - 0.5 * f[2]) / h == pytest.approx(v, abs=1e-3)
        assert (2 * f[0] - 5 * f[1] + 4 * f[2] - f[3]) / h**2 == pytest.approx(a, abs=0.05)


def test_knots_must_increase():
    with pytest.raises(ValueError, match="increase"):
        track((1.0, 0.0), (1.0, 1.0))
