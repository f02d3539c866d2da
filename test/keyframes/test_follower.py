"""The forward filter along a target: against its definition, and against courses of time that are known."""

import numpy as np
import pytest

from sport_nodes.keyframes import follower as module
from sport_nodes.keyframes.follower import Follower

ROWS = 12


def dense(distances: np.ndarray) -> np.ndarray:
    """(T, N) probabilities of place by the whole matrix of transitions between places and tempos."""
    tempos = module._TEMPOS
    count = len(tempos)
    moves = np.zeros((ROWS, count, ROWS, count))
    for k, tempo in enumerate(tempos):
        for i in range(ROWS):
            stays = module._STAY if i == 0 else 0.0
            place = min(i + tempo, ROWS - 1.0)
            low = min(int(place), ROWS - 2)
            to = np.zeros(ROWS)
            to[low], to[low + 1] = (1.0 - stays) * (low + 1 - place), (1.0 - stays) * (place - low)
            to[0] += stays
            moves[i, k, :, k] += (1.0 - module._CHANGE) * to
            for other in (k - 1, k + 1):
                moves[i, k, :, min(max(other, 0), count - 1)] += 0.5 * module._CHANGE * to
    likely = np.zeros((ROWS, count))
    likely[0] = 1.0 / count
    found = []
    for distance in distances:
        likely = np.einsum("ik,ikjl->jl", likely, moves)
        likely[0] += module._BEGIN / count
        likely *= np.exp(-module._SHARPNESS * distance**2)[:, None]
        likely /= likely.sum()
        found.append(likely.sum(axis=1))
    return np.array(found)


def test_it_is_the_forward_algorithm_of_its_transitions() -> None:
    distances = np.random.default_rng(0).random((25, ROWS))
    follower = Follower(ROWS)
    expected = dense(distances)
    for t, distance in enumerate(distances):
        follower.advance(distance, t / 60.0)
        assert follower.row == int(np.searchsorted(np.cumsum(expected[t]), 0.5))


def course(tempo: float, noise: float) -> tuple[np.ndarray, np.ndarray]:
    """Distances (T, 120) of a recording that rests, then runs along the target at that tempo; and its places (T,)."""
    rng = np.random.default_rng(1)
    target = np.cumsum(rng.normal(size=(120, 6)), axis=0) / 4.0
    places = np.concatenate([np.zeros(40), np.arange(0.0, 119.0, tempo)])
    frames = target[np.round(places).astype(int)] + noise * rng.normal(size=(len(places), 6))
    return np.sqrt(np.mean((frames[:, None] - target[None]) ** 2, axis=2)), places


@pytest.mark.parametrize("tempo", [0.6, 1.0, 1.6])
def test_it_keeps_up_with_other_tempos_though_frames_are_noisy(tempo: float) -> None:
    distances, places = course(tempo, noise=0.3)
    follower = Follower(120)
    off, passed = [], np.nan
    for t, distance in enumerate(distances):
        follower.advance(distance, t / 60.0)
        off.append(abs(follower.row - places[t]))
        if np.isnan(passed) and follower.row > 60:
            passed = follower.time_at(60.0)
    assert np.median(off) < 3.0
    assert passed == pytest.approx((40.0 + 60.0 / tempo) / 60.0, abs=0.1)


def test_where_nothing_is_seen_it_goes_on_at_the_tempo_it_had() -> None:
    distances, places = course(1.6, noise=0.1)
    follower = Follower(120)
    hidden = slice(70, 82)
    for t, distance in enumerate(distances[:82]):
        follower.advance(np.full(120, np.nan) if t >= hidden.start else distance, t / 60.0)
    assert follower.row == pytest.approx(places[81], abs=8.0)
    before = follower.distance
    follower.forget()
    assert follower.row == 0
    assert before < 1.0 < follower.distance
