"""Random processes that the sensors share."""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

Array = NDArray[np.float64]


def generator(seed: int, *names: str) -> np.random.Generator:
    """Random numbers of one part of the lab: the same for a seed whatever else is simulated."""
    return np.random.default_rng([seed, *(zlib.crc32(name.encode()) for name in names)])


def correlated_noise(
    rng: np.random.Generator, times_s: Array, shape: tuple[int, ...], *, correlation_s: float
) -> Array:
    """First-order Gauss-Markov process of unit variance at times (N,) in even steps: (N, *shape)."""
    white = rng.standard_normal((len(times_s), *shape))
    if len(times_s) < 2:
        return white
    memory = float(np.exp(-np.median(np.diff(times_s)) / correlation_s))
    white[1:] *= np.sqrt(1.0 - memory**2)
    return np.asarray(lfilter([1.0], [1.0, -memory], white, axis=0))


def episodes(rng: np.random.Generator, times_s: Array, *, rate_hz: float, duration_s: float) -> NDArray[np.bool_]:
    """(N,): inside an episode. Episodes begin at random, rate_hz a second; lengths are exponential."""
    inside = np.zeros(len(times_s), dtype=bool)
    span_s = float(times_s[-1] - times_s[0])
    for begin_s in rng.uniform(times_s[0], times_s[-1], rng.poisson(rate_hz * span_s)):
        inside |= (times_s >= begin_s) & (times_s < begin_s + rng.exponential(duration_s))
    return inside
