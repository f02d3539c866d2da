"""The simulated lab's movements: one call makes a trial with its truth, stages, keyframes and marks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.errors import InputError
from sport_nodes.keyframes.alignment import Keyframe
from sport_nodes.lab.athlete import Athlete, sample_athlete
from sport_nodes.lab.free_throw import plan_free_throw
from sport_nodes.lab.jump_technique import STANDING_LONG_JUMP
from sport_nodes.lab.kinematics import joint_positions
from sport_nodes.lab.overhead_pass import plan_overhead_pass
from sport_nodes.lab.pass_technique import OVERHEAD_PASS
from sport_nodes.lab.rubric import rater_marks, stage_marks, total_mark
from sport_nodes.lab.sit_up import plan_sit_up
from sport_nodes.lab.sit_up_technique import SIT_UP
from sport_nodes.lab.standing_long_jump import plan_standing_long_jump
from sport_nodes.lab.technique import Technique, sample_execution, sample_style
from sport_nodes.lab.throw_technique import FREE_THROW
from sport_nodes.lab.trial_plan import Plan
from sport_nodes.motion import Motion

Array = NDArray[np.float64]

TECHNIQUES: Final[dict[str, Technique]] = {t.action: t for t in (STANDING_LONG_JUMP, FREE_THROW, OVERHEAD_PASS, SIT_UP)}
DEFAULT_REPETITIONS: Final = {"sit_up": 3}
MAXIMUM_REPETITIONS: Final = 60
#: Points beyond COCO's 17 that a trial carries where the action has them.
EXTRA_POINTS: Final = ("left_toe", "right_toe", "left_heel", "right_heel", "left_hand", "right_hand", "ball")


@dataclass(frozen=True, eq=False)
class SimulatedTrial:
    """One simulated trial and everything that is true of it.

    technique: the parameters executed (the mean over repetitions). motion: truth at rate_hz from 0 s.
    extra_m: (T, 3) of EXTRA_POINTS; the toe is the ball of the foot, about which the heel rises.
    stage_bounds_s: (R, stages + 1). stage_marks: (stages,), total: 0..100. rater_marks: (3, stages + 1), total last.
    """

    action: str
    athlete: Athlete
    technique: dict[str, float]
    faults: tuple[str, ...]
    severity: float
    motion: Motion
    extra_m: dict[str, Array]
    keyframes: tuple[Keyframe, ...]
    stage_bounds_s: Array
    stage_marks: Array
    total: float
    rater_marks: Array


def simulated_actions() -> tuple[str, ...]:
    """The actions that the lab can simulate, sorted; one that was added (docs/adding_a_sport.md) is not among them."""
    return tuple(sorted(TECHNIQUES))


def fault_names(action: str) -> tuple[str, ...]:
    """The named faults of an action.

    Raises InputError when the lab does not know the action.
    """
    return tuple(technique_of(action).faults)


def technique_of(action: str) -> Technique:
    """Parameters, faults and criteria of an action.

    Raises InputError when the lab does not know the action.
    """
    if action not in TECHNIQUES:
        raise InputError(f"the simulated lab has no action '{action}'; it has {', '.join(TECHNIQUES)}")
    return TECHNIQUES[action]


def simulate(
    action: str,
    *,
    seed: int,
    faults: Sequence[str] = (),
    severity: float = 1.0,
    height_m: float | None = None,
    rate_hz: float = 120.0,
    repetitions: int | None = None,
    idle_before_s: float = 1.5,
    idle_after_s: float = 1.5,
    tempo: float = 1.0,
) -> SimulatedTrial:
    """Simulate one trial of a random athlete; a seed gives the same trial, bit for bit.

    severity: 1 makes the faults clear to a teacher. tempo: above 1 all stages that the athlete may choose are faster.
    repetitions: of sit-ups only. Raises InputError for an unknown action or fault, or a value out of range.
    """
    technique = technique_of(action)
    rng = np.random.default_rng(seed)
    athlete = sample_athlete(rng, height_m=height_m)
    style = sample_style(technique, rng)
    return simulate_person(
        action,
        athlete=athlete,
        style=style,
        faults=dict.fromkeys(faults, severity),
        rng=rng,
        rate_hz=rate_hz,
        repetitions=repetitions,
        idle_s=(idle_before_s, idle_after_s),
        tempo=tempo,
    )


def simulate_person(
    action: str,
    *,
    athlete: Athlete,
    style: dict[str, float],
    faults: dict[str, float],
    rng: np.random.Generator,
    rate_hz: float = 120.0,
    repetitions: int | None = None,
    idle_s: tuple[float, float] = (1.5, 1.5),
    tempo: float = 1.0,
) -> SimulatedTrial:
    """One trial of a given athlete and style; faults: name to severity. Draws from `rng`. Raises as `simulate`."""
    technique = technique_of(action)
    count = DEFAULT_REPETITIONS.get(action, 1) if repetitions is None else repetitions
    _check(action, rate_hz=rate_hz, repetitions=count, idle_s=idle_s, tempo=tempo)
    executions = sample_executions(technique, style, faults, rng=rng, count=count, tempo=tempo)
    plan = _plan(action, athlete, executions, rng, idle_s)
    times = np.arange(int(np.floor(plan.duration_s * rate_hz)) + 1) / rate_hz
    points = plan.pose(times)
    values = mean_execution(executions)
    marks = stage_marks(technique, values)
    return SimulatedTrial(
        action=action,
        athlete=athlete,
        technique=values,
        faults=tuple(faults),
        severity=max(faults.values(), default=0.0),
        motion=Motion(times, joint_positions(points)),
        extra_m={name: points[name] for name in EXTRA_POINTS if name in points},
        keyframes=tuple(Keyframe(name, float(t), float(t), 1.0, repetition) for name, t, repetition in plan.keyframes),
        stage_bounds_s=plan.bounds_s,
        stage_marks=marks,
        total=total_mark(technique, marks),
        rater_marks=rater_marks(technique, marks, rng=rng),
    )


def sample_executions(
    technique: Technique,
    style: Mapping[str, float],
    faults: Mapping[str, float],
    *,
    rng: np.random.Generator,
    count: int,
    tempo: float,
) -> list[dict[str, float]]:
    """The parameters of each of `count` repetitions, at a tempo; the first that a trial draws from `rng`."""
    executions = [sample_execution(technique, style, faults, rng) for _ in range(count)]
    for values in executions:
        for name in values:
            if name.endswith("_s") and name not in _NOT_PACED:
                values[name] /= tempo
    return executions


def mean_execution(executions: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """What the rubric looks at: each parameter's mean over the repetitions."""
    return {name: float(np.mean([e[name] for e in executions])) for name in executions[0]}


#: Times that follow from mechanics or are differences, not chosen durations.
_NOT_PACED: Final = frozenset({"arm_delay_s", "leg_drive_delay_s"})


def _plan(
    action: str,
    athlete: Athlete,
    executions: list[dict[str, float]],
    rng: np.random.Generator,
    idle: tuple[float, float],
) -> Plan:
    if action == "sit_up":
        return plan_sit_up(athlete, executions, rng=rng, idle_s=idle)
    planner = {
        "standing_long_jump": plan_standing_long_jump,
        "free_throw": plan_free_throw,
        "overhead_pass": plan_overhead_pass,
    }[action]
    return planner(athlete, executions[0], rng=rng, idle_s=idle)


def _check(action: str, *, rate_hz: float, repetitions: int, idle_s: tuple[float, float], tempo: float) -> None:
    if not 10.0 <= rate_hz <= 2000.0:
        raise InputError(f"rate_hz is {rate_hz}; it must be between 10 and 2000")
    if action not in DEFAULT_REPETITIONS and repetitions != 1:
        raise InputError(f"{action} is done once in a trial, found repetitions={repetitions}")
    if not 1 <= repetitions <= MAXIMUM_REPETITIONS:
        raise InputError(f"repetitions is {repetitions}; it must be between 1 and {MAXIMUM_REPETITIONS}")
    if min(idle_s) < 0.0 or not 0.5 <= tempo <= 2.0:
        raise InputError(f"idle times are {idle_s}, tempo {tempo}; need idle of 0 s or more and a tempo of 0.5 to 2")
