"""Makes the target models in config/targets from the simulated lab: python scripts/make_targets.py

For each movement and body height the most typical of several executions without faults by an athlete of average style.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from sport_nodes.actions import action_names
from sport_nodes.keyframes.target import make_target, save_target
from sport_nodes.lab.athlete import sample_athlete
from sport_nodes.lab.simulate import TECHNIQUES, SimulatedTrial, simulate_person
from sport_nodes.paths import share_directory

HEIGHTS_M: Final = (1.50, 1.65, 1.80)
CANDIDATES: Final = 20
# Seconds kept before and after the movement.
MARGIN_S: Final = 0.15


def typical(action: str, height_m: float) -> SimulatedTrial:
    """The execution whose technique is nearest to the average, in standard deviations between people."""
    parameters = TECHNIQUES[action].parameters
    style = {name: p.mean for name, p in parameters.items()}
    styled = {name: p for name, p in parameters.items() if p.person_sd > 0.0}

    def departure(trial: SimulatedTrial) -> float:
        return sum(((trial.technique[name] - p.mean) / p.person_sd) ** 2 for name, p in styled.items())

    trials = []
    for seed in range(CANDIDATES):
        rng = np.random.default_rng(seed)
        athlete = sample_athlete(rng, height_m=height_m)
        trials.append(simulate_person(action, athlete=athlete, style=style, faults={}, rng=rng))
    return min(trials, key=departure)


def main() -> None:
    folder = share_directory() / "config" / "targets"
    for action in action_names():
        for height_m in HEIGHTS_M:
            trial = typical(action, height_m)
            repetition = len(trial.stage_bounds_s) // 2
            bounds = trial.stage_bounds_s[repetition]
            keyframes = {k.name: k.time_s for k in trial.keyframes if k.repetition == repetition}
            begin, end = bounds[0] - MARGIN_S, max(bounds[-1], *keyframes.values()) + MARGIN_S
            motion = trial.motion.between(begin, end)
            name = f"{action}_{round(height_m * 100)}"
            target = make_target([motion], action, keyframes, name=name, stage_bounds_s=bounds.tolist())
            save_target(target, folder / f"{name}.json")


if __name__ == "__main__":
    main()
