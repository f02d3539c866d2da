"""Root causes from findings made by hand."""

from dataclasses import replace

import numpy as np
import pytest

from sport_nodes.actions import load_action
from sport_nodes.diagnosis.findings import DEVIATES, NOT_ASSESSED, WITHIN_ERROR, WITHIN_TOLERANCE, Finding
from sport_nodes.diagnosis.root_causes import root_causes

ACTION = load_action("standing_long_jump")


def findings(deviations: dict[str, float], verdicts: dict[str, str] | None = None) -> list[Finding]:
    """deviations: in tolerances; all other metrics are at their target."""
    made = []
    for metric in ACTION.metrics:
        size = deviations.get(metric.name, 0.0)
        verdict = (verdicts or {}).get(metric.name, DEVIATES if abs(size) > 1.0 else WITHIN_TOLERANCE)
        made.append(
            Finding(
                metric=metric.name,
                label=metric.label,
                value=size * metric.tolerance,
                target=0.0,
                unit=metric.unit,
                deviation=size * metric.tolerance,
                tolerance=metric.tolerance,
                mdc95=0.1 * metric.tolerance,
                verdict=verdict,
                joints=metric.joints,
                side="",
                stage=metric.stage,
                time_s=0.0,
            )
        )
    return made


def pattern(name: str, size: float = 2.0) -> dict[str, float]:
    signs = {"low": -1.0, "high": 1.0, "either": -1.0}
    return {e.metric: signs[e.direction] * e.weight * size for e in ACTION.root_cause(name).evidence}


@pytest.mark.parametrize("name", [cause.name for cause in ACTION.root_causes])
def test_its_own_pattern_names_each_cause(name: str) -> None:
    found = root_causes(ACTION, findings(pattern(name, 2.5)))
    assert found[0].name == name
    assert 0.8 < found[0].weight <= 1.0
    assert set(found[0].metrics) <= set(pattern(name))
    assert found[0].reason == ACTION.root_cause(name).reason


def test_two_faults_at_once_are_both_named_and_nothing_else() -> None:
    found = root_causes(ACTION, findings(pattern("shallow_crouch", 2.5) | pattern("stiff_landing", 2.0)))
    assert {c.name for c in found} == {"shallow_crouch", "stiff_landing"}


def test_of_equals_the_earlier_comes_first() -> None:
    knees, arms = (ACTION.root_cause(name) for name in ("shallow_crouch", "weak_arm_swing"))
    alike = [replace(c, evidence=c.evidence[:1]) for c in (knees, arms)]
    seen = findings({alike[0].evidence[0].metric: -2.0, alike[1].evidence[0].metric: -2.0})
    for orders in ((1, 2), (2, 1)):
        causes = tuple(replace(c, order=order) for c, order in zip(alike, orders, strict=True))
        found = root_causes(replace(ACTION, root_causes=causes), seen)
        first = "shallow_crouch" if orders == (1, 2) else "weak_arm_swing"
        assert found[0].name == first


def test_nothing_deviates_nothing_is_named() -> None:
    assert root_causes(ACTION, findings({})) == ()
    assert root_causes(ACTION, []) == ()


def test_a_deviation_the_good_way_is_no_fault() -> None:
    better = {metric: -size for metric, size in pattern("shallow_crouch").items()}
    assert "shallow_crouch" not in {c.name for c in root_causes(ACTION, findings(better))}


def test_what_is_within_error_or_not_assessed_never_becomes_advice() -> None:
    for verdict in (WITHIN_ERROR, NOT_ASSESSED):
        verdicts = {e.metric: verdict for e in ACTION.root_cause("weak_arm_swing").evidence}
        assert root_causes(ACTION, findings(pattern("weak_arm_swing"), verdicts)) == ()


def test_either_direction_of_a_left_right_difference_counts() -> None:
    for sign in (-1.0, 1.0):
        both = {metric: sign * np.abs(size) for metric, size in pattern("uneven_legs", 2.5).items()}
        assert root_causes(ACTION, findings(both))[0].name == "uneven_legs"


def test_what_is_within_tolerance_decides_between_faults_that_share_a_deviation() -> None:
    """A landing under the body: with a flat take-off, if only nearly a fault, that; with a full one, a short reach."""
    landing = {"landing_leg_reach": -1.2, "landing_com_behind_feet": 1.2}
    assert root_causes(ACTION, findings(landing))[0].name == "short_landing_reach"
    flat = {**landing, "take_off_angle": -0.95, "jump_height": -0.9}
    assert root_causes(ACTION, findings(flat))[0].name == "low_take_off_angle"
