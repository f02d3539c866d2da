"""Does MDC95 cover 95 % of the differences between repeats: python scripts/repeat_study.py [--people N] [--repeats N]

The same simulated movement is seen by the lab's sensors again and again, each time with other noise, aligned, fused
and diagnosed. Of each pair of repeats: the share of metrics whose values differ by no more than the mean MDC95; of each
movement and metric, of each movement, and of all.
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


def findings(action: str, seed: int, repeat: int) -> tuple[Finding, ...]:
    motion = through_sensors(simulate(action, seed=seed, rate_hz=60.0).motion, seed + repeat)
    target = load_target(action, motion)
    return diagnose(motion, align(motion, target), action, target).findings


def study(action: str, seeds: range, repeats: int) -> np.ndarray:
    """Differences between repeats, in MDC95."""
    shares: dict[str, list[float]] = {}
    for seed in seeds:
        # Repeats take sensor seeds that no other person's have.
        runs = [findings(action, seed, 1_000_000 * (repeat + 1)) for repeat in range(repeats)]
        for one, other in combinations(runs, 2):
            for a, b in zip(one, other, strict=False):
                if np.isfinite(a.mdc95) and np.isfinite(b.mdc95):
                    shares.setdefault(a.metric, []).append(abs(a.value - b.value) / (0.5 * (a.mdc95 + b.mdc95)))
    pooled = np.concatenate([np.array(v) for v in shares.values()])
    print(f"{action}: {np.mean(pooled <= 1.0):.1%} of {len(pooled)} differences within MDC95", end="")
    print(f"; half of them within {np.median(pooled):.2f} of it (0.34 if normal)")
    for metric, values in shares.items():
        ratios = np.array(values)
        print(f"  {metric:28s} {np.mean(ratios <= 1.0):4.0%} of {len(ratios)}, rms {np.sqrt(np.mean(ratios**2)):.2f}")
    return pooled


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--first", type=int, default=1000)
    parser.add_argument("--people", type=int, default=3)
    parser.add_argument("--repeats", type=int, default=4)
    parser.add_argument("--action", nargs="*", default=action_names())
    options = parser.parse_args()
    seeds = range(options.first, options.first + options.people)
    every = np.concatenate([study(action, seeds, options.repeats) for action in options.action])
    print(f"all: {np.mean(every <= 1.0):.1%} of {len(every)} differences within MDC95")


if __name__ == "__main__":
    main()
