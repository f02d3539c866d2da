"""The simulated training set: students of varying skill and their trials, seen by sensor-like eyes or by sensors."""

from __future__ import annotations

import logging
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from sport_nodes.actions import load_action
from sport_nodes.fusion.fuse import fuse_trial
from sport_nodes.lab.athlete import sample_athlete
from sport_nodes.lab.observe import observe
from sport_nodes.lab.population import Person, sample_person, sample_person_technique, sample_person_trial
from sport_nodes.lab.recording import recording_from_events
from sport_nodes.lab.simulate import SimulatedTrial, simulated_actions
from sport_nodes.motion import Motion
from sport_nodes.rig import load_rig
from sport_nodes.scoring.features import PreparedMotion, TooLittleError, prepare
from sport_nodes.scoring.repetitions import split_repetitions
from sport_nodes.sync.align import align_recording
from sport_nodes.training.rows import inputs_of
from sport_nodes.training.sensor_like import as_measured, draw_condition, draw_degradation
from sport_nodes.training.trial_set import TrialSet

log = logging.getLogger(__name__)

#: Stillness that is left before and after the movement [s].
IDLE_RANGE_S: Final = (0.05, 0.8)
REPETITION_RANGE: Final = (1, 3)
#: The lab's own rate is not needed: the noise is added at the sensors' 30 Hz.
SIMULATION_RATE_HZ: Final = 60.0
#: Where the sensors are simulated too, IMUs among them.
SENSED_RATE_HZ: Final = 120.0
_PROGRESS_EVERY: Final = 200
#: Keeps the random numbers of habits apart from those of body and execution.
_HABITS: Final = 1
_SEEDS: Final = 1 << 30


@dataclass(frozen=True)
class TrialSpec:
    """One trial to simulate. person makes the body and the style, trial the execution; seed is the whole set's.

    fused: the simulated sensors see it and the fusion makes one skeleton of what they saw, which takes a second of CPU;
    else the truth is made to look like that.
    """

    person: int
    trial: int
    action: str
    seed: int
    fused: bool = False


def trial_specs(*, people: int, trials_per_person: int, seed: int, fused_share: float = 0.0) -> list[TrialSpec]:
    """Everybody does the actions in turn, beginning with another one each; fused trials are spread evenly."""
    actions = simulated_actions()
    specs = []
    for person in range(people):
        for k in range(trials_per_person):
            trial = person * trials_per_person + k
            fused = int((trial + 1) * fused_share) > int(trial * fused_share)
            specs.append(TrialSpec(person, trial, actions[(person + k) % len(actions)], seed, fused))
    return specs


def simulated_trials(
    *, people: int, trials_per_person: int, seed: int, workers: int, fused_share: float = 0.0
) -> TrialSet:
    """Simulate, measure and prepare every trial, in several processes; the same arguments give the same set."""
    specs = trial_specs(people=people, trials_per_person=trials_per_person, seed=seed, fused_share=fused_share)
    rows: list[dict[str, Any]] = []
    # Not forked: the parent may hold threads (torch, ONNX Runtime) that a fork would not survive.
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        for done, part in enumerate(pool.map(rows_of_trial, specs, chunksize=16), start=1):
            rows += part
            if done % _PROGRESS_EVERY == 0:
                log.info("simulated %d of %d trials", done, len(specs))
    columns = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    return TrialSet(action_names=np.array(simulated_actions()), **columns)


def rows_of_trial(spec: TrialSpec) -> list[dict[str, Any]]:
    """The trial's rows of a TrialSet, one a repetition; none when nothing could be prepared."""
    rng = np.random.default_rng((spec.seed, spec.person, spec.trial))
    try:
        trial = simulated_trial(spec, rng)
    except ValueError as error:  # one jump in some ten thousand has a technique that no body can perform
        log.warning("trial %d of %s was left out: %s", spec.trial, spec.action, error)
        return []
    condition = draw_condition(rng)
    begin_s = float(trial.stage_bounds_s[0, 0] - rng.uniform(*IDLE_RANGE_S))
    end_s = float(trial.stage_bounds_s[-1, -1] + rng.uniform(*IDLE_RANGE_S))
    if spec.fused:
        motion = fused_motion(trial.motion, scenario=condition, seed=int(rng.integers(_SEEDS))).between(begin_s, end_s)
    else:
        motion = as_measured(trial.motion.between(begin_s, end_s), draw_degradation(condition, rng), rng=rng)
    repeated = load_action(spec.action).repeated
    windows = split_repetitions(motion) if repeated else ((motion.times_s[0], motion.times_s[-1]),)
    rows = []
    for begin_s, end_s in windows:
        try:
            prepared = prepare(motion.between(begin_s, end_s))
        except TooLittleError as error:
            log.warning("trial %d of %s was left out: %s", spec.trial, spec.action, error)
            continue
        bounds = _inner_bounds(trial, prepared)
        if bounds is not None:
            rows.append(_row(spec, trial, prepared, bounds, condition))
    return rows


def simulated_trial(spec: TrialSpec, rng: np.random.Generator) -> SimulatedTrial:
    """A trial of the person, who has one body, and one style and set of habits an action."""
    person, repetitions = _drawn(spec, rng)
    rate_hz = SENSED_RATE_HZ if spec.fused else SIMULATION_RATE_HZ
    return sample_person_trial(rng, person, rate_hz=rate_hz, repetitions=repetitions)


def technique_of_trial(spec: TrialSpec) -> dict[str, float]:
    """SimulatedTrial.technique of a trial of the set, drawn anew in milliseconds; nothing is simulated."""
    rng = np.random.default_rng((spec.seed, spec.person, spec.trial))
    person, repetitions = _drawn(spec, rng)
    return sample_person_technique(rng, person, repetitions=repetitions)


def _drawn(spec: TrialSpec, rng: np.random.Generator) -> tuple[Person, int | None]:
    """The person, and how often they repeat the movement; None for one that is done once."""
    body = sample_athlete(np.random.default_rng((spec.seed, spec.person)))
    habit_rng = np.random.default_rng((spec.seed, spec.person, simulated_actions().index(spec.action), _HABITS))
    person = replace(sample_person(habit_rng, spec.action), athlete=body)
    repeated = load_action(spec.action).repeated
    return person, int(rng.integers(REPETITION_RANGE[0], REPETITION_RANGE[1] + 1)) if repeated else None


def fused_motion(truth: Motion, *, scenario: str, seed: int) -> Motion:
    """What the lab's sensors and the fusion of the whole trial make of a movement, in the movement's own seconds."""
    rig = load_rig("lab")
    recording = recording_from_events(observe(truth, rig, seed=seed, scenario=scenario, epoch_s=0.0))
    motion = fuse_trial(align_recording(recording, rig), rig)
    return motion.moved(motion.positions_m, motion.times_s + truth.times_s[0])


def _inner_bounds(trial: SimulatedTrial, prepared: PreparedMotion) -> np.ndarray | None:
    """(3,) inner stage boundaries as shares of the prepared movement; None when it is no true repetition."""
    for bounds_s in trial.stage_bounds_s:
        middle_s = (bounds_s[0] + bounds_s[-1]) / 2.0
        if prepared.begin_s <= middle_s <= prepared.end_s:
            return np.clip((bounds_s[1:-1] - prepared.begin_s) / prepared.duration_s, 0.0, 1.0)
    return None


def _row(
    spec: TrialSpec, trial: SimulatedTrial, prepared: PreparedMotion, bounds: np.ndarray, condition: str
) -> dict[str, Any]:
    marks = trial.rater_marks.mean(axis=0)
    return inputs_of(prepared, bounds) | {
        "action": simulated_actions().index(spec.action),
        "person": spec.person,
        "trial": spec.trial,
        "height_m": trial.athlete.height_m,
        "condition": condition,
        "fused": spec.fused,
        "total": marks[-1],
        "stages": marks[:-1],
        "true_total": trial.total,
    }
