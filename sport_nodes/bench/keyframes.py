"""MotionDTW and its inner loop beside dtaidistance's C on the same series."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.actions import load_action
from sport_nodes.bench.timing import Row, compare
from sport_nodes.errors import InputError
from sport_nodes.keyframes.align import align, match
from sport_nodes.keyframes.dtw import accumulate, distances, trace
from sport_nodes.keyframes.prepared import prepare
from sport_nodes.keyframes.target import make_target
from sport_nodes.keyframes.windows import find_windows
from sport_nodes.lab.simulate import simulate
from sport_nodes.motion import Motion

FRAMES: Final = 90
DIMENSIONS: Final = 36
#: A target of 3 s in a recording of 60 s, both at the 30 frames a second of stage one.
TARGET_FRAMES: Final = 90
RECORDING_FRAMES: Final = 1800
#: How much longer the recording is that shows how time grows.
LONGER: Final = 10
LONG_REPEATS: Final = 7
_QUICK: Final = "overhead_pass"
_LEAD_S: Final = 0.05


def rows() -> list[Row]:
    """Two 90 x 36 series. Raises InputError where dtaidistance is not installed."""
    try:
        from dtaidistance import dtw_ndim
    except ImportError as error:
        raise InputError("the peer is dtaidistance: pip install -c constraints.txt '.[dev]'") from error
    rng = np.random.default_rng(0)
    series = [np.cumsum(rng.normal(size=(FRAMES, DIMENSIONS)), axis=0) for _ in range(2)]
    scale = np.full(DIMENSIONS, 1.0 / DIMENSIONS)

    def ours() -> NDArray[np.int64]:
        cost = distances(series[0], series[1], scale)
        return trace(accumulate(cost, False)[2], FRAMES - 1)

    def peer() -> object:
        return dtw_ndim.warping_path(series[0], series[1])

    def peer_distance() -> object:
        return dtw_ndim.distance_fast(series[0], series[1])

    size = f"{FRAMES} x {FRAMES} x {DIMENSIONS}"
    return [
        compare(f"DTW with path, {size}", ours, "dtaidistance warping_path", peer),
        compare(f"DTW with path, {size}", ours, "dtaidistance C, distance only", peer_distance),
        *_finding(rng, scale),
        *_whole(),
    ]


def _finding(rng: np.random.Generator, scale: NDArray[np.float64]) -> list[Row]:
    """Stage one: where in a recording the target is; and that ten times the recording takes ten times as long."""
    from dtaidistance.subsequence.dtw import subsequence_alignment

    target = np.cumsum(rng.normal(size=(TARGET_FRAMES, DIMENSIONS)), axis=0)
    recording = np.cumsum(rng.normal(size=(RECORDING_FRAMES, DIMENSIONS)), axis=0)
    long = np.tile(recording, (LONGER, 1))

    def find(frames: NDArray[np.float64]) -> object:
        return find_windows(distances(target, frames, scale), most=2)

    return [
        compare(
            "a 3 s target found in 60 s",
            lambda: find(recording),
            "dtaidistance subsequence, C",
            lambda: subsequence_alignment(target, recording, use_c=True).best_match(),
            repeats=LONG_REPEATS,
        ),
        compare(
            "a 3 s target found in 10 min",
            lambda: find(long),
            "ten times the same in 60 s",
            lambda: [find(recording) for _ in range(LONGER)],
            repeats=LONG_REPEATS,
        ),
    ]


def _whole() -> list[Row]:
    """From positions, and from features, to keyframes: a quick pass against another's, each cut to 90 frames."""
    from dtaidistance import dtw_ndim

    motion, _, _ = _cut_pass(3)
    wanted, keyframes_s, bounds_s = _cut_pass(4)
    target = make_target([wanted], _QUICK, keyframes_s, stage_bounds_s=bounds_s)
    recording, reason = prepare(motion, load_action(_QUICK))
    if recording is None:
        raise InputError(f"the bench's own recording is refused: {reason}")
    series = [np.nan_to_num(m.positions_m.reshape(len(m), -1)) for m in (target.motion, motion)]

    def peer() -> object:
        return dtw_ndim.distance_fast(*series)

    size = f"to keyframes, {len(motion)} x {len(target.motion)} frames"
    return [
        compare(f"features {size}", lambda: match(recording, target), "dtaidistance C, distance only", peer),
        compare(f"positions {size}", lambda: align(motion, target), "dtaidistance C, distance only", peer),
    ]


def _cut_pass(seed: int) -> tuple[Motion, dict[str, float], list[float]]:
    """A simulated pass at twice the usual tempo from just before its onset, its keyframes and stage bounds."""
    trial = simulate(_QUICK, seed=seed, tempo=2.0, rate_hz=60.0)
    bounds_s = trial.stage_bounds_s[0].copy()
    begin = bounds_s[0] - _LEAD_S
    motion = trial.motion.between(begin, begin + (FRAMES - 0.5) / 60.0)
    bounds_s[-1] = motion.times_s[-1]
    return motion, {k.name: k.time_s for k in trial.keyframes}, bounds_s.tolist()
