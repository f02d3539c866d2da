#!/usr/bin/env python3
"""Keyframes told while a simulated trial runs: `python scripts/live_keyframe_study.py [--first SEED] [--people N]`.

The recordings of keyframe_study (tempos, idle time, 6 mm of noise that swings), pushed frame by frame at 30 Hz: how
long after it happens each keyframe is told, how far the time that is told is off, and how many are never told. All
figures are simulated; what the lab's live fusion adds to the delay is in docs/fusion.md.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from keyframe_study import observed, played

from sport_nodes.actions import action_names
from sport_nodes.keyframes.live import LiveKeyframes
from sport_nodes.keyframes.target import load_target

WITHIN_S = 0.150


def study(action: str, seeds: range, *, noise: bool) -> None:
    after, off, missed, early, count, spent = [], [], 0, 0, 0, []
    by_name: dict[str, list[float]] = {}
    for seed in seeds:
        trial = played(action, seed)
        motion = observed(trial, seed) if noise else trial.motion
        live = LiveKeyframes(load_target(action, motion))
        told: dict[str, tuple[float, float]] = {}
        for now_s, positions in zip(motion.times_s, motion.positions_m, strict=True):
            begun = time.perf_counter()
            for keyframe in live.push(float(now_s), positions):
                told.setdefault(keyframe.name, (float(now_s), keyframe.time_s))
            spent.append(time.perf_counter() - begun)
        for truth in trial.keyframes:
            count += 1
            if truth.name not in told:
                missed += 1
                continue
            announced_s, time_s = told[truth.name]
            after.append(announced_s - truth.time_s)
            off.append(time_s - truth.time_s)
            by_name.setdefault(truth.name, []).append(announced_s - truth.time_s)
            early += announced_s < truth.time_s - 2.0 / 30.0
    late = np.array(after)
    print(
        f"{action}, {'6 mm' if noise else 'no'} noise, {len(seeds)} people: told {1e3 * np.median(late):.0f} ms after "
        f"(median), {np.mean((late <= WITHIN_S) & (late > -2.0 / 30.0)) * len(late) / count:.0%} of all within "
        f"{1e3 * WITHIN_S:.0f} ms, {missed / count:.0%} never, {early / count:.0%} more than two frames too early; "
        f"the time told off by {1e3 * np.median(np.abs(off)):.0f} ms (median); {1e3 * np.median(spent):.2f} ms a frame"
    )
    print("   told after, ms (median; 90 %): ", end="")
    print(", ".join(f"{n} {1e3 * np.median(v):.0f}; {1e3 * np.percentile(v, 90):.0f}" for n, v in by_name.items()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--first", type=int, default=66000)
    parser.add_argument("--people", type=int, default=20)
    parser.add_argument("--action", nargs="*", default=action_names())
    options = parser.parse_args()
    seeds = range(options.first, options.first + options.people)
    for action in options.action:
        for noise in (False, True):
            study(action, seeds, noise=noise)


if __name__ == "__main__":
    main()
