"""The coach node with a language model behind it: the template at once, the model's words for whom they are wanted."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter
from sport_coach.msg import CoachReport, Diagnosis, Keyframes, StageScores

sys.path.insert(0, str(Path(__file__).parents[1] / "coaching"))
from ollama_server import Script, ollama_server

from sport_nodes import topics, up
from sport_nodes.assess import assess
from sport_nodes.assessment import Assessment
from sport_nodes.lab.simulate import simulate
from sport_nodes.nodes import conversions, qos
from sport_nodes.nodes.coach import QUEUES, SUPERSEDES, CoachNode

ACTION = "standing_long_jump"
PATIENCE_S = 20.0
#: Per word, so that the second trial comes while the model speaks of the first.
PAUSE_S = 0.05


def make_coach(host: str, new_trial: str) -> CoachNode:
    """The node with its parameters, not yet started."""
    os.environ.update(up.localhost_only(), ROS_DOMAIN_ID=str(up.free_domain()))
    rclpy.init(args=[])
    coach = CoachNode()
    values = {"language_model": "m", "language_model_host": host, "new_trial": new_trial}
    coach.set_parameters([Parameter(name, value=value) for name, value in values.items()])
    return coach


class Stage:
    """The coach node, and one that publishes trials' results and hears the reports."""

    def __init__(self, script: Script, new_trial: str) -> None:
        self.coach, other = make_coach(script.host, new_trial), Node("stage")
        self.reports: list[tuple[str, str]] = []  # trial, source
        other.create_subscription(
            CoachReport, topics.COACH_REPORT, lambda m: self.reports.append((m.trial, m.source)), qos.RESULT
        )
        kinds = {topics.SCORE_TRIAL: StageScores, topics.KEYFRAMES: Keyframes, topics.DIAGNOSIS: Diagnosis}
        self._publishers = {topic: other.create_publisher(kind, topic, qos.RESULT) for topic, kind in kinds.items()}
        self._nodes = (self.coach, other)
        self._executor = SingleThreadedExecutor()
        for node in self._nodes:
            self._executor.add_node(node)
        self.coach.start()
        assert self.coach.active
        self.until(lambda: all(p.get_subscription_count() for p in self._publishers.values()))

    def until(self, done: Callable[[], bool]) -> None:
        end_s = time.monotonic() + PATIENCE_S
        while not done():
            assert time.monotonic() < end_s, self.reports
            self._executor.spin_once(timeout_sec=0.05)

    def results(self, trial: str, found: Assessment) -> None:
        about: dict[str, Any] = {"header": conversions.make_header(1.7e9, topics.WORLD_FRAME), "trial": trial}
        for topic, message in (
            (topics.SCORE_TRIAL, conversions.scores_to_message(found.scores, **about)),
            (topics.KEYFRAMES, conversions.alignment_to_message(found.alignment, **about)),
            (topics.DIAGNOSIS, conversions.diagnosis_to_message(found.diagnosis, **about)),
        ):
            self._publishers[topic].publish(message)

    def close(self) -> None:
        self.coach.trigger_shutdown()
        for node in self._nodes:
            node.destroy_node()
        rclpy.try_shutdown()


@pytest.fixture(scope="module")
def found() -> Assessment:
    return assess(simulate(ACTION, seed=5, faults=("weak_arm_swing",)).motion, ACTION)


@pytest.fixture
def stage(request: pytest.FixtureRequest, found: Assessment) -> Iterator[tuple[Stage, Script]]:
    sentences = [sentence for sentence, _ in found.coaching.evidence]
    with ollama_server(Script(" ".join(sentences[:2]), pause_s=PAUSE_S)) as script:
        one = Stage(script, request.param)
        yield one, script
        one.close()


@pytest.mark.parametrize("stage", [SUPERSEDES], indirect=True)
def test_a_new_trial_supersedes_the_models_words_about_the_last(stage: Any, found: Assessment) -> None:
    play, script = stage
    play.results("first", found)
    play.until(lambda: bool(script.requests))
    play.results("second", found)
    play.until(lambda: ("second", "ollama:m") in play.reports)
    assert play.reports == [("first", "template"), ("second", "template"), ("second", "ollama:m")]


@pytest.mark.parametrize("stage", [QUEUES], indirect=True)
def test_a_new_trial_queues_behind_the_model_but_has_its_template_at_once(stage: Any, found: Assessment) -> None:
    play, script = stage
    play.results("first", found)
    play.until(lambda: bool(script.requests))
    play.results("second", found)
    play.until(lambda: ("second", "ollama:m") in play.reports)
    assert len(script.requests) == 2
    models = [trial for trial, source in play.reports if source == "ollama:m"]
    assert models == ["first", "second"]
    assert play.reports.index(("second", "template")) < play.reports.index(("first", "ollama:m"))


@pytest.mark.parametrize("stage", [SUPERSEDES], indirect=True)
def test_a_model_that_speaks_does_not_hold_up_the_end(stage: Any, found: Assessment) -> None:
    play, script = stage
    script.pause_s = 5.0
    play.results("first", found)
    play.until(lambda: bool(script.requests))
    begin_s = time.monotonic()
    play.coach.trigger_deactivate()
    assert time.monotonic() - begin_s < script.pause_s


def test_another_machine_is_refused_before_any_trial() -> None:
    coach = make_coach("192.0.2.1:11434", SUPERSEDES)
    coach.start()
    assert not coach.active
    assert any("192.0.2.1:11434' is not this machine" in value for value in coach.health.summary().values.values())
    coach.destroy_node()
    rclpy.try_shutdown()
