"""A new model takes the present one's place only where it is surely better, and nowhere much worse."""

from __future__ import annotations

import numpy as np

from sport_nodes.training.promotion import LARGEST_LOSS, Promotion, judge

PEOPLE, TRIALS = 30, 4


def judged(gain: dict[str, float], *, spread: float = 1.0, tall_loss: float = 0.0, people: int = PEOPLE) -> Promotion:
    """A present model off by 8 points; the new one is so much nearer in each movement."""
    rng = np.random.default_rng(0)
    person = np.repeat(np.arange(people), TRIALS)
    movements = np.array(list(gain))[np.arange(len(person)) % len(gain)]
    height_m = 1.45 + 0.4 * person / people
    marks = rng.uniform(40.0, 90.0, len(person))
    nearer = np.array([gain[name] for name in movements]) - np.where(height_m >= 1.8, tall_loss, 0.0)
    error = 8.0 - nearer + rng.normal(0.0, spread, len(person))
    return judge(
        new=marks + error, present=marks - 8.0, marks=marks, people=person, movements=movements, height_m=height_m
    )


def test_a_better_model_is_promoted_with_the_interval_of_the_difference() -> None:
    promotion = judged({"sit_up": 2.0, "free_throw": 2.0})
    assert promotion.promoted
    assert promotion.low < promotion.difference < promotion.high < 0.0
    assert abs(promotion.difference + 2.0) < 0.3
    assert {"sit_up", "free_throw", "1.5 to 1.6 m"} <= promotion.bands.keys()


def test_an_equal_model_or_one_that_may_be_luck_is_not() -> None:
    assert "not surely better" in judged({"sit_up": 0.0}).reasons[0]
    lucky = judged({"sit_up": 0.5}, spread=7.0, people=4)
    assert lucky.low < 0.0 < lucky.high
    assert not lucky.promoted


def test_a_movement_that_hardly_anybody_did_cannot_be_judged() -> None:
    few = judged({f"movement_{k}": 2.0 for k in range(TRIALS)}, people=2)
    assert len(few.reasons) == TRIALS
    assert "done by 2 of the test people" in few.reasons[0]


def test_better_on_the_whole_is_not_enough_where_a_movement_or_the_tall_lose() -> None:
    reasons = judged({"sit_up": 6.0, "free_throw": -LARGEST_LOSS - 0.5}).reasons
    assert len(reasons) == 1
    assert reasons[0].startswith("worse in free_throw")
    reasons = judged({"sit_up": 2.0}, tall_loss=5.0).reasons
    assert [reason.split(":")[0] for reason in reasons] == ["worse in 1.8 to 1.9 m"]
