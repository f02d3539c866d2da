"""The likelihood's line against the line that was drawn, beside the hull's."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import exponnorm

from sport_nodes.sync.blurred_edge import blurred_edge
from sport_nodes.sync.hull import DelayFloor

JITTER_S, DELAY_S, SPIKE_S = 20e-6, 5e-3, 50e-3
LEVEL_S, SLOPE, DURATION_S = 0.3, 40e-6, 60.0


def cloud(seed: int, rate_hz: float = 200.0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    count = int(DURATION_S * rate_hz)
    time_s = np.arange(count) / rate_hz
    delay_s = rng.exponential(DELAY_S, count) + SPIKE_S * (rng.random(count) < 0.01)
    offset_s = LEVEL_S + SLOPE * (time_s - time_s.mean()) + delay_s + rng.normal(0.0, JITTER_S, count)
    return time_s, offset_s


def test_it_is_nearer_to_the_truth_than_the_hull() -> None:
    ours, hulls = [], []
    for seed in range(12):
        time_s, offset_s = cloud(seed)
        floor = DelayFloor(drift=0.0, max_drift_change=200e-6)
        for sample in zip(time_s.tolist(), offset_s.tolist(), strict=True):
            floor.add(*sample)
        start = floor.line.at(float(time_s.mean()))
        level_s, slope = blurred_edge(time_s, offset_s, level_s=start, slope=floor.line.slope, sigma_s=JITTER_S)
        ours.append([level_s - LEVEL_S, slope - SLOPE])
        hulls.append([start - LEVEL_S, floor.line.slope - SLOPE])
    off, hull_off = (np.sqrt(np.mean(np.square(errors), axis=0)) for errors in (ours, hulls))
    assert off[0] < 0.5 * hull_off[0]  # the hull lies below by some standard deviations of the jitter
    assert off[1] < 0.7 * hull_off[1]
    assert off[1] < 0.4e-6


def test_it_is_where_scipys_likelihood_is_greatest() -> None:
    time_s, offset_s = cloud(3, rate_hz=30.0)
    centred_s = time_s - time_s.mean()
    level_s, slope = blurred_edge(time_s, offset_s, level_s=LEVEL_S, slope=SLOPE, sigma_s=JITTER_S)
    mean_delay_s = np.median(offset_s - level_s - slope * centred_s) / np.log(2.0)

    def cost(moved: np.ndarray) -> float:
        above_s = offset_s - level_s - moved[0] * 1e-6 - (slope + moved[1] * 1e-6) * centred_s
        return -float(exponnorm.logpdf(above_s, mean_delay_s / JITTER_S, scale=JITTER_S).sum())

    assert np.abs(minimize(cost, np.array([5.0, 0.3]), method="Nelder-Mead").x).max() < 0.05


def test_later_samples_do_not_turn_it_farther() -> None:
    time_s, offset_s = cloud(5)
    found = []
    for held_up_s in (0.05, 5.0):
        late = offset_s + held_up_s * (time_s > 0.9 * DURATION_S) * (np.arange(len(time_s)) % 3 == 0)
        found.append(blurred_edge(time_s, late, level_s=LEVEL_S, slope=SLOPE, sigma_s=JITTER_S))
    assert found[0] == pytest.approx(found[1], abs=1e-12)
