"""Makes the target models in config/targets from the simulated lab: python scripts/make_targets.py

For each movement and body height the most typical of several executions without faults by an athlete of average style.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.actions import action_names, load_action
from sport_nodes.keyframes.events import find_event
from sport_nodes.keyframes.features import GRID_HZ, resample, smoothed_body
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


def _middles(trial: SimulatedTrial, bounds_s: NDArray[np.float64]) -> dict[str, float]:
    """Of keyframes on a flat top, its middle: the highest instant there is any one's."""
    begin, end = float(bounds_s[0]), float(bounds_s[-1])
    body = smoothed_body(resample(trial.motion.between(begin, end), GRID_HZ))
    events = {k.name: k.event for k in load_action(trial.action).keyframes if k.event is not None}
    middles = {
        name: find_event(body, event, begin, end, span_s=(begin, end), mirrored=False)
        for name, event in events.items()
        if event.at == "middle_above"
    }
    return {name: time_s for name, time_s in middles.items() if time_s is not None}


def main() -> None:
    folder = share_directory() / "config" / "targets"
    for action in action_names():
        for height_m in HEIGHTS_M:
            trial = typical(action, height_m)
            repetition = len(trial.stage_bounds_s) // 2
            bounds = trial.stage_bounds_s[repetition]
            keyframes = {k.name: k.time_s for k in trial.keyframes if k.repetition == repetition}
            keyframes |= _middles(trial, bounds)
            begin, end = bounds[0] - MARGIN_S, max(bounds[-1], *keyframes.values()) + MARGIN_S
            motion = trial.motion.between(begin, end)
            name = f"{action}_{round(height_m * 100)}"
            target = make_target([motion], action, keyframes, name=name, stage_bounds_s=bounds.tolist())
            save_target(target, folder / f"{name}.json")


if __name__ == "__main__":
    main()
