"""Results of a trial come in any order, from nodes that may die and take up again; its bag begins before it did."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from rclpy.serialization import serialize_message
from std_msgs.msg import String

from sport_nodes.io.bag import open_bag
from sport_nodes.nodes.trial_bag import Heard, TrialBag
from sport_nodes.nodes.trial_parts import KEPT_TRIALS, TrialParts


@pytest.mark.parametrize("order", permutations(("motion", "scores", "keyframes")))
def test_the_whole_is_told_once_whatever_the_order(order: tuple[str, ...]) -> None:
    told: list[tuple[str, dict[str, Any]]] = []
    parts = TrialParts(order, lambda trial, found: told.append((trial, found)))
    for name in order:
        assert not told
        parts.add(name, "a", name.upper())
        parts.add(name, "b", "of another trial")
        told = [t for t in told if t[0] == "a"]
    assert told == [("a", {name: name.upper() for name in order})]


def test_a_part_that_comes_anew_makes_the_whole_anew_and_old_trials_are_forgotten() -> None:
    told: list[str] = []
    parts = TrialParts(("x", "y"), lambda trial, found: told.append(f"{trial}{found['x']}{found['y']}"))
    parts.add("x", "a", 1)
    parts.add("y", "a", 2)
    parts.add("x", "a", 3)
    assert told == ["a12", "a32"]
    parts.add("x", "old", 0)
    for index in range(KEPT_TRIALS):
        parts.add("x", f"new{index}", 0)
    parts.add("y", "old", 0)
    assert told == ["a12", "a32"]


def heard(time_s: float) -> Heard:
    return Heard("/words", "std_msgs/msg/String", serialize_message(String(data=f"{time_s}")), time_s)


def times_in(path: Path) -> list[float]:
    with open_bag(path) as reader:
        return [round(time_s, 6) for time_s, _, _ in reader.serialized(["/words"])]


def test_a_bag_holds_what_came_before_its_trial_and_all_after(tmp_path: Path) -> None:
    bag = TrialBag(keep_s=5.0)
    for second in range(100, 110):
        bag.add(heard(float(second)))
    bag.begin(tmp_path / "bag", from_s=106.5, about={})
    bag.add(heard(110.0))
    assert bag.finish() == tmp_path / "bag"
    bag.add(heard(111.0))
    assert times_in(tmp_path / "bag") == [107.0, 108.0, 109.0, 110.0]


def test_no_more_is_kept_than_asked_for(tmp_path: Path) -> None:
    bag = TrialBag(keep_s=2.0)
    for second in range(100, 110):
        bag.add(heard(float(second)))
    bag.begin(tmp_path / "bag", from_s=0.0, about={})
    bag.finish()
    assert times_in(tmp_path / "bag") == [107.0, 108.0, 109.0]


def test_a_bag_that_is_discarded_or_erased_leaves_nothing(tmp_path: Path) -> None:
    bag = TrialBag(keep_s=2.0)
    bag.begin(tmp_path / "one", from_s=0.0, about={})
    bag.add(heard(1.0))
    bag.discard()
    assert not (tmp_path / "one").exists()
    bag.begin(tmp_path / "two", from_s=0.0, about={})
    for file in (tmp_path / "two").iterdir():
        file.unlink()
    (tmp_path / "two").rmdir()
    assert bag.finish() is None
    assert not (tmp_path / "two").exists()
