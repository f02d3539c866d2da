"""How well faults are told apart in the simulated lab: python scripts/lab_study.py [--first SEED] [--people N]

For each movement: root causes of N people without faults and with each named fault, and how far each metric moves
(in tolerances) with each fault. All figures are of simulated movements, measured without error at 60 Hz.
"""

from __future__ import annotations

import argparse
from collections import Counter

import numpy as np

from sport_nodes.actions import action_names, load_action
from sport_nodes.diagnosis.diagnose import diagnose
from sport_nodes.diagnosis.findings import DEVIATES, Diagnosis
from sport_nodes.keyframes.align import align
from sport_nodes.keyframes.target import load_target
from sport_nodes.lab.simulate import fault_names, simulate


def diagnosed(action: str, seed: int, fault: str) -> Diagnosis:
    trial = simulate(action, seed=seed, faults=(fault,) if fault else (), rate_hz=60.0)
    target = load_target(action, trial.motion)
    return diagnose(trial.motion, align(trial.motion, target), action, target)


def study(action: str, seeds: range, *, matrix: bool) -> None:
    clean: list[Diagnosis] = [diagnosed(action, seed, "") for seed in seeds]
    false = Counter(f.metric for d in clean for f in d.findings if f.verdict == DEVIATES)
    causes = Counter(c.name for d in clean for c in d.root_causes)
    with_deviation = np.mean([bool(d.deviations) for d in clean])
    with_cause = np.mean([bool(d.root_causes) for d in clean])
    print(f"{action}: without faults {with_deviation:.0%} have a deviation, {with_cause:.0%} a root cause")
    print(f"  deviations {dict(false)}, causes {dict(causes)}")
    baseline = {f.metric: [] for f in clean[0].findings}
    for d in clean:
        for f in d.findings:
            baseline[f.metric].append(f.deviation / f.tolerance)
    if matrix:
        print("  spread", {m: f"{np.nanmean(v):+.1f}~{np.nanstd(v):.1f}" for m, v in baseline.items()})
    for fault in fault_names(action):
        results = [diagnosed(action, seed, fault) for seed in seeds]
        top = [d.root_causes[0].name if d.root_causes else (d.reason[:20] or "none") for d in results]
        hits = np.mean([name == fault for name in top])
        print(f"  {fault}: {hits:.0%} top root cause; others {dict(Counter(t for t in top if t != fault))}")
        if matrix:
            moved = {
                m: np.nanmean([f.deviation / f.tolerance for d in results for f in d.findings if f.metric == m])
                - np.nanmean(v)
                for m, v in baseline.items()
            }
            print("     ", {m: round(float(v), 1) for m, v in moved.items() if abs(v) >= 0.35})
    known = {c.name for c in load_action(action).root_causes}
    missing = set(fault_names(action)) - known
    if missing:
        print(f"  without a root cause: {sorted(missing)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--first", type=int, default=1000)
    parser.add_argument("--people", type=int, default=20)
    parser.add_argument("--matrix", action="store_true")
    parser.add_argument("--action", nargs="*", default=action_names())
    options = parser.parse_args()
    for action in options.action:
        study(action, range(options.first, options.first + options.people), matrix=options.matrix)


if __name__ == "__main__":
    main()
