#!/usr/bin/env python3
"""Keyframes and stages in the simulated lab: `python scripts/keyframe_study.py [--first SEED] [--people N]`.

The four movements by people of many sizes, at several tempos, with noise and idle time before and after, against the
lab's truth; beside it, on the same recordings, other ways to align (alignment_peers). All figures are simulated.

Of a flat top the lab marks the highest instant: the first of a tenth of a second that is level to a hundredth of a
millimetre. Its keyframe is also compared with the middle of the time within 1 mm of the highest.
"""

from __future__ import annotations

import argparse
from dataclasses import replace

import numpy as np
from alignment_peers import carried, instants, methods, stage_overlap

from sport_nodes.actions import EventSpec, action_names, load_action
from sport_nodes.body import body_of
from sport_nodes.keyframes.align import align
from sport_nodes.keyframes.events import event_signal, find_event
from sport_nodes.keyframes.features import smooth
from sport_nodes.keyframes.target import load_target
from sport_nodes.lab.simulate import SimulatedTrial, simulate
from sport_nodes.motion import Motion

TEMPOS = (0.6, 0.8, 1.0, 1.3, 1.6)
NOISE_M = 0.006
IDLE_S = (2.0, 1.5)
LEVEL_M = 0.001
OURS = "MotionDTW"


def observed(trial: SimulatedTrial, seed: int) -> Motion:
    """The trial with noise that swings as a smoothed joint's does, about 5 Hz."""
    noise = np.random.default_rng(seed).normal(size=(len(trial.motion), trial.motion.positions_m[0].size))
    noise = smooth(noise, 1.0)
    noise *= NOISE_M / noise.std()
    return trial.motion.moved(trial.motion.positions_m + noise.reshape(trial.motion.positions_m.shape))


def played(action: str, seed: int) -> SimulatedTrial:
    """One movement at one of the tempos, with rest before and after."""
    return simulate(
        action,
        seed=seed,
        tempo=TEMPOS[seed % len(TEMPOS)],
        repetitions=1,
        idle_before_s=IDLE_S[0],
        idle_after_s=IDLE_S[1],
        rate_hz=30.0,
    )


def middle_of_top_s(trial: SimulatedTrial, event: EventSpec) -> float:
    """Middle of the time that the event's quantity is within 1 mm of its highest, in the motion without noise."""
    motion = trial.motion
    body = body_of(motion.times_s, motion.positions_m)
    level = float(event_signal(body, event, mirrored=False).max() - body.percent(np.array(LEVEL_M)))
    span = (float(motion.times_s[0]), float(motion.times_s[-1]))
    found = find_event(body, replace(event, fraction=None, threshold=level), *span, span_s=span, mirrored=False)
    return np.nan if found is None else found


def study(action: str, seeds: range) -> None:
    errors: dict[str, list[float]] = {}
    overlaps: dict[str, list[float]] = {}
    by_name: dict[str, list[float]] = {}
    refused = 0
    for seed in seeds:
        trial = played(action, seed)
        motion = observed(trial, seed)
        target = load_target(action, motion)
        truth_s, truth_bounds_s = {k.name: k.time_s for k in trial.keyframes}, trial.stage_bounds_s[0]
        found = align(motion, target)
        if found.reason or len(found.stage_bounds_s) != 1:
            refused += 1
            continue
        times = {OURS: {k.name: k.time_s for k in found.keyframes}}
        bounds = {OURS: found.stage_bounds_s[0]}
        for name, method in methods().items():
            path = carried(target.motion, motion, method)
            times[name] = instants(path, target.keyframes)
            bounds[name] = np.interp(target.stage_bounds_s, *path)
        for keyframe in load_action(action).keyframes:
            off_s = abs(times[OURS][keyframe.name] - truth_s[keyframe.name])
            by_name.setdefault(keyframe.name, []).append(off_s)
            if keyframe.event is not None and keyframe.event.at == "middle_above":
                off_s = abs(times[OURS][keyframe.name] - middle_of_top_s(trial, keyframe.event))
                by_name.setdefault(f"{keyframe.name} from its middle", []).append(off_s)
        for name in times:
            errors.setdefault(name, []).extend(abs(times[name][k] - truth_s[k]) for k in truth_s)
            overlaps.setdefault(name, []).extend(stage_overlap(bounds[name], truth_bounds_s))
    print(f"{action}: {len(seeds)} people, {refused} refused or miscounted")
    for name, off_s in errors.items():
        off = (
            f"keyframes off by {1e3 * np.median(off_s):3.0f} ms (median), {1e3 * np.percentile(off_s, 95):4.0f} (95 %)"
        )
        print(f"  {name:34s} {off}; stage IoU {np.mean(overlaps[name]):.3f}")
    print(f"  {OURS}, ms (median): {', '.join(f'{n} {1e3 * np.median(v):.0f}' for n, v in by_name.items())}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--first", type=int, default=61000)
    parser.add_argument("--people", type=int, default=40)
    parser.add_argument("--action", nargs="*", default=action_names())
    options = parser.parse_args()
    for action in options.action:
        study(action, range(options.first, options.first + options.people))


if __name__ == "__main__":
    main()
