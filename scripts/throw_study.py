#!/usr/bin/env python3
"""Release of real free throws against their recorded ball: `python scripts/throw_study.py ../shared/data/motions`.

Each of several throws in turn is the target of all others, as `sport align THROW OTHER_THROW` has it (its keyframes
found in it), and again with its release marked by its own ball; then the shipped simulated target. Beside it, on the
same pairs: plain DTW on coordinates and on angles, dtaidistance's and tslearn's own where installed, the wrist's peak.

With --ball FOLDER (spl_freethrow/P0001 beside the motions) the marks are also judged by physics: from the free-throw
line no ball slower than 7 m/s reaches the ring, so a track of the ball that is slower than half of that after the mark
has been smoothed over its release, and its mark says little.
"""

from __future__ import annotations

import argparse
import gzip
import json
from pathlib import Path

import numpy as np
from alignment_peers import carried, highest_wrist_s, instants, methods
from numpy.typing import NDArray

from sport_nodes.errors import InputError
from sport_nodes.io.motion_files import read_motion
from sport_nodes.keyframes.align import align
from sport_nodes.keyframes.target import TargetModel, load_target, make_target
from sport_nodes.motion import Motion

Array = NDArray[np.float64]

WITHIN_S = 0.067  # two frames of the recordings
OURS = "MotionDTW"
# Least speed of a ball that gets from a 2.2 m release to the 3.05 m ring 4.19 m away: the parabola's least energy.
RING_SPEED_MPS = float(np.sqrt(9.80665 * (0.85 + np.hypot(0.85, 4.19))))
BALL_FRAMES = 5
M_PER_FT = 0.3048


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("motions", type=Path)
    parser.add_argument("--targets", type=int, default=10, help="how many throws are the target in turn (default 10)")
    parser.add_argument("--ball", type=Path, help="folder of the recordings with the ball")
    options = parser.parse_args()
    truth = json.loads((options.motions / "truth.json").read_text(encoding="utf-8"))
    release_s = {name: what["release_s"] for name, what in truth.items() if "release_s" in what}
    throws = {name: read_motion(options.motions / f"{name}.csv") for name in sorted(release_s)}
    sound: set[str] = set()
    if options.ball:
        speeds = {n: _ball_speed(options.ball, n, release_s[n]) for n in throws}
        sound = {n for n, speed in speeds.items() if speed >= RING_SPEED_MPS / 2.0}
        print(f"{len(sound)} of {len(throws)} marks with a ball of {RING_SPEED_MPS / 2.0:.1f} m/s or more after them")
    chosen = [list(throws)[round(k)] for k in np.linspace(0, len(throws) - 1, options.targets)]
    for marked in (False, True):
        how = "marked by its ball" if marked else "found in it"
        print(f"{len(chosen)} throws as the target, release {how}:")
        _show(_pairs(throws, release_s, chosen, marked=marked), sound)
    shipped: dict[str, list[tuple[str, float]]] = {OURS: []}
    for name, motion in throws.items():
        error = _release(motion, load_target("free_throw", motion)) - release_s[name]
        shipped[OURS].append((name, error))
    print("the shipped simulated target:")
    _show(shipped, sound)


def _pairs(
    throws: dict[str, Motion], release_s: dict[str, float], chosen: list[str], *, marked: bool
) -> dict[str, list[tuple[str, float]]]:
    """Of each method, the recording and how late its release was found; NaN where it was refused."""
    errors: dict[str, list[tuple[str, float]]] = {}
    for name in chosen:
        target = make_target([throws[name]], "free_throw")
        if marked:
            target = make_target(
                [throws[name]], "free_throw", keyframes={**target.keyframes, "release": release_s[name]}
            )
        wanted = {"release": target.keyframes["release"]}
        for other, motion in throws.items():
            if other == name:
                continue
            found = {OURS: _release(motion, target)}
            for method, how in methods().items():
                found[method] = instants(carried(target.motion, motion, how), wanted)["release"]
            peak = highest_wrist_s(motion)
            found["wrist peak"] = peak
            found["wrist peak, less the target's lag"] = peak - highest_wrist_s(target.motion) + wanted["release"]
            for method, time in found.items():
                errors.setdefault(method, []).append((other, time - release_s[other]))
    return errors


def _release(motion: Motion, target: TargetModel) -> float:
    return next((k.time_s for k in align(motion, target).keyframes if k.name == "release"), float("nan"))


def _show(errors: dict[str, list[tuple[str, float]]], sound: set[str]) -> None:
    for method, found in errors.items():
        line = f"  {method:36s} {_figures(np.array([error for _, error in found]))}"
        if sound:
            line += f"; marks with a fast ball {_figures(np.array([e for name, e in found if name in sound]))}"
        print(line)


def _figures(late_s: Array) -> str:
    known = np.abs(late_s[np.isfinite(late_s)])
    within = np.mean(np.abs(np.nan_to_num(late_s, nan=np.inf)) <= WITHIN_S)
    refused = f", {np.isnan(late_s).sum()} refused" if np.isnan(late_s).any() else ""
    median = f"off by {1e3 * np.median(known):4.0f} ms"
    return f"{median}, {within:4.0%} within {1e3 * WITHIN_S:.0f} ms of {len(late_s)}{refused}"


def _ball_speed(folder: Path, name: str, release_s: float) -> float:
    """Median speed of the recorded ball in the frames after the mark [m/s], 0 where it was not seen."""
    path = folder / f"BB_FT_P0001_{name.removeprefix('free_throw_')}.json.gz"
    if not path.is_file():
        raise InputError(f"{path} is missing; --ball wants spl_freethrow/P0001 beside the motions")
    frames = json.loads(gzip.decompress(path.read_bytes()))["tracking"]
    times = np.array([frame["time"] for frame in frames]) / 1e3
    first = int(np.argmin(np.abs(times - release_s)))
    part = slice(first, first + BALL_FRAMES + 1)
    ball = np.array([[np.nan if v is None else v for v in frame["data"]["ball"]] for frame in frames[part]]) * M_PER_FT
    speeds = np.linalg.norm(np.diff(ball, axis=0), axis=1) / np.diff(times[part])
    known = speeds[np.isfinite(speeds)]
    return float(np.median(known)) if len(known) else 0.0


if __name__ == "__main__":
    main()
