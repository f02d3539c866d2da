"""How well faults are told apart in the simulated lab: python scripts/lab_study.py [--first SEED] [--people N]

For each movement: deviations and root causes of N people without faults and with each named fault, and, with --matrix,
how far each metric moves (in tolerances) with each fault. A fault "exceeds" where one of its main metrics is off by
more than tolerance and measurement error (MDC95) in this very trial. All figures are of simulated movements: measured
without error at 60 Hz, or, with --sensors, observed by the lab's sensors, aligned in time and fused.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence

import numpy as np

from sport_nodes.actions import action_names, load_action
from sport_nodes.diagnosis.diagnose import diagnose
from sport_nodes.diagnosis.findings import DEVIATES, Diagnosis
from sport_nodes.fusion.fuse import fuse_trial
from sport_nodes.keyframes.align import align
from sport_nodes.keyframes.target import load_target
from sport_nodes.lab.observe import observe
from sport_nodes.lab.recording import recording_from_events
from sport_nodes.lab.simulate import fault_names, simulate
from sport_nodes.motion import Motion
from sport_nodes.rig import load_rig
from sport_nodes.sync.align import align_recording

#: Weight of the metrics that speak most for a root cause.
MAIN = 1.0


def diagnosed(action: str, seed: int, faults: tuple[str, ...], *, severity: float, sensors: bool) -> Diagnosis:
    trial = simulate(action, seed=seed, faults=faults, severity=severity, rate_hz=60.0)
    motion = through_sensors(trial.motion, seed) if sensors else trial.motion
    target = load_target(action, motion)
    return diagnose(motion, align(motion, target), action, target)


def through_sensors(motion: Motion, seed: int) -> Motion:
    """The motion as the lab's sensors and fusion would have it."""
    rig = load_rig("lab")
    events = observe(motion, rig, seed=seed)
    return fuse_trial(align_recording(recording_from_events(events), rig), rig)


def study(action: str, seeds: range, severities: Sequence[float], *, matrix: bool, sensors: bool) -> None:
    clean = [diagnosed(action, seed, (), severity=1.0, sensors=sensors) for seed in seeds]
    refused = sum(bool(d.reason) for d in clean)
    false = Counter(f.metric for d in clean for f in d.findings if f.verdict == DEVIATES)
    causes = Counter(c.name for d in clean for c in d.root_causes)
    with_deviation = np.mean([bool(d.deviations) for d in clean])
    with_cause = np.mean([bool(d.root_causes) for d in clean])
    print(f"{action}: without faults {with_deviation:.1%} have a deviation, {with_cause:.1%} a root cause", end="")
    print(f", {refused} of {len(clean)} refused; deviations {dict(false)}, causes {dict(causes)}")
    baseline = _in_tolerances(clean)
    if matrix:
        print("  spread", {m: f"{np.nanmean(v):+.1f}~{np.nanstd(v):.1f}" for m, v in baseline.items()})
    for fault in fault_names(action):
        for severity in severities:
            results = [diagnosed(action, seed, (fault,), severity=severity, sensors=sensors) for seed in seeds]
            top = [d.root_causes[0].name if d.root_causes else (d.reason[:20] or "none") for d in results]
            of_seen = [t == fault for t, d in zip(top, results, strict=True) if exceeds(d, action, fault)]
            others = dict(Counter(t for t in top if t != fault))
            print(f"  {fault} x{severity}: top root cause in {np.mean([t == fault for t in top]):.0%}", end="")
            print(f", {np.mean(of_seen) if of_seen else np.nan:.0%} of {len(of_seen)} that exceed; else {others}")
            if matrix:
                moved = {m: np.nanmean(v) - np.nanmean(baseline[m]) for m, v in _in_tolerances(results).items()}
                print("     ", {m: round(float(v), 1) for m, v in moved.items() if abs(v) >= 0.35})
    for severity in severities:
        _several(action, seeds, severity, sensors=sensors)
    missing = set(fault_names(action)) - {c.name for c in load_action(action).root_causes}
    if missing:
        print(f"  without a root cause: {sorted(missing)}")


def _several(action: str, seeds: range, severity: float, *, sensors: bool) -> None:
    """Two faults at once, another pair for each person: is the first cause one of them, are both named."""
    names = fault_names(action)
    first, both, seen, seen_first = [], [], [], []
    for seed in seeds:
        k = seed % len(names)
        pair = (names[k], names[(k + 1 + seed // len(names) % (len(names) - 1)) % len(names)])
        diagnosis = diagnosed(action, seed, pair, severity=severity, sensors=sensors)
        named = [c.name for c in diagnosis.root_causes]
        first.append(bool(named) and named[0] in pair)
        both.append(set(pair) <= set(named))
        if any(exceeds(diagnosis, action, fault) for fault in pair):
            seen_first.append(first[-1])
        if all(exceeds(diagnosis, action, fault) for fault in pair):
            seen.append(both[-1])
    print(f"  two at once x{severity}: the first named is one of them in {np.mean(first):.0%}, ", end="")
    print(f"{np.mean(seen_first):.0%} of {len(seen_first)} where one exceeds; ", end="")
    of_seen = np.mean(seen) if seen else np.nan
    print(f"both named in {np.mean(both):.0%}, {of_seen:.0%} of {len(seen)} where both exceed")


def exceeds(diagnosis: Diagnosis, action: str, fault: str) -> bool:
    """Whether a metric that speaks most for the fault is off, in its direction, by more than tolerance and MDC95."""
    directions = {e.metric: e.direction for e in load_action(action).root_cause(fault).evidence if e.weight == MAIN}
    return any(
        f.metric in directions and directions[f.metric] in ("either", "low" if f.deviation < 0 else "high")
        for f in diagnosis.deviations
    )


def _in_tolerances(diagnoses: Sequence[Diagnosis]) -> dict[str, list[float]]:
    """Deviations of each metric, in its tolerances."""
    deviations: dict[str, list[float]] = {}
    for diagnosis in diagnoses:
        for finding in diagnosis.findings:
            deviations.setdefault(finding.metric, []).append(finding.deviation / finding.tolerance)
    return deviations


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--first", type=int, default=1000)
    parser.add_argument("--people", type=int, default=20)
    parser.add_argument("--severity", type=float, nargs="*", default=[1.0])
    parser.add_argument("--matrix", action="store_true")
    parser.add_argument("--sensors", action="store_true")
    parser.add_argument("--action", nargs="*", default=action_names())
    options = parser.parse_args()
    seeds = range(options.first, options.first + options.people)
    for action in options.action:
        study(action, seeds, options.severity, matrix=options.matrix, sensors=options.sensors)


if __name__ == "__main__":
    main()
