"""Does MDC95 cover 95 % of the differences between repeats: python scripts/repeat_study.py [--people N] [--repeats N]

The same simulated movement is seen by the lab's sensors again and again, each time with other noise, aligned, fused
and diagnosed. Of each movement and metric: the share of differences between two repeats that are no greater than their
MDC95, and the share of errors against the movement itself that are within 1.96 SEM of the whole error. Where they are
normal and as wide as stated, the rms of either is 0.51.
"""

from __future__ import annotations

import argparse
from itertools import combinations

import numpy as np
from lab_study import through_sensors

from sport_nodes.actions import action_names
from sport_nodes.diagnosis.diagnose import diagnose
from sport_nodes.diagnosis.findings import Finding
from sport_nodes.keyframes.align import align
from sport_nodes.keyframes.target import load_target
from sport_nodes.lab.simulate import simulate
from sport_nodes.motion import Motion

# Repeats take sensor seeds that no other person's have.
REPEAT_SEEDS = 1_000_000


def findings(action: str, motion: Motion) -> tuple[Finding, ...]:
    target = load_target(action, motion)
    return diagnose(motion, align(motion, target), action, target).findings


def study(action: str, seeds: range, repeats: int) -> tuple[np.ndarray, np.ndarray]:
    """Differences between repeats in MDC95, and errors in 1.96 SEM."""
    differences: dict[str, list[float]] = {}
    errors: dict[str, list[float]] = {}
    for seed in seeds:
        motion = simulate(action, seed=seed, rate_hz=60.0).motion
        runs = [
            findings(action, through_sensors(motion, seed + REPEAT_SEEDS * (repeat + 1))) for repeat in range(repeats)
        ]
        for one, other in combinations(runs, 2):
            for a, b in zip(one, other, strict=False):
                if np.isfinite(a.repeat_mdc95) and np.isfinite(b.repeat_mdc95):
                    mdc95 = 0.5 * (a.repeat_mdc95 + b.repeat_mdc95)
                    differences.setdefault(a.metric, []).append(abs(a.value - b.value) / mdc95)
        for run in runs:
            for found, true in zip(run, findings(action, motion), strict=False):
                if np.isfinite(found.mdc95):
                    errors.setdefault(found.metric, []).append(
                        abs(found.value - true.value) / (found.mdc95 / np.sqrt(2.0))
                    )
    pooled, wrong = (np.concatenate([np.array(v) for v in of.values()]) for of in (differences, errors))
    print(f"{action}: {_within(pooled)} within MDC95; {_within(wrong)} of the errors within 1.96 SEM")
    for metric, ratios in differences.items():
        print(f"  {metric:28s} {_within(np.array(ratios))} within MDC95; errors {_within(np.array(errors[metric]))}")
    return pooled, wrong


def _within(ratios: np.ndarray) -> str:
    return f"{np.mean(ratios <= 1.0):6.1%} of {len(ratios)} (rms {np.sqrt(np.mean(ratios**2)):.2f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--first", type=int, default=1000)
    parser.add_argument("--people", type=int, default=3)
    parser.add_argument("--repeats", type=int, default=4)
    parser.add_argument("--action", nargs="*", default=action_names())
    options = parser.parse_args()
    seeds = range(options.first, options.first + options.people)
    every = [study(action, seeds, options.repeats) for action in options.action]
    pooled, wrong = (np.concatenate(parts) for parts in zip(*every, strict=True))
    print(f"all: {_within(pooled)} within MDC95; {_within(wrong)} of the errors within 1.96 SEM")


if __name__ == "__main__":
    main()
