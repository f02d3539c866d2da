"""Teachers' marks while the graph runs: what overrides the shown score lies beside the recording."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter
from sport_coach.msg import StageScores
from sport_coach.srv import LabelTrial

from sport_nodes import topics, up
from sport_nodes.labels import read_labels
from sport_nodes.nodes import qos
from sport_nodes.nodes.report import ReportNode

PATIENCE_S = 60.0


class Desk:
    """A report node, and a teacher at it, on one executor."""

    def __init__(self, store: Path) -> None:
        self.report = ReportNode()
        self.report.set_parameters([Parameter("store", value=str(store))])
        self.report.start()
        self.teacher = rclpy.create_node("teacher")
        self.scores = self.teacher.create_publisher(StageScores, topics.SCORE_TRIAL, qos.RESULT)
        self.client = self.teacher.create_client(LabelTrial, topics.SERVICE_TRIAL_LABEL)
        self.executor = SingleThreadedExecutor()
        for node in (self.report, self.teacher):
            self.executor.add_node(node)
        self.until(lambda: self.client.service_is_ready() and self.scores.get_subscription_count() > 0)

    def until(self, done: Any) -> None:
        end_s = time.monotonic() + PATIENCE_S
        while not done():
            assert time.monotonic() < end_s
            self.executor.spin_once(timeout_sec=0.01)

    def mark(self, **request: Any) -> Any:
        answer = self.client.call_async(LabelTrial.Request(**request))
        self.until(answer.done)
        return answer.result()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    os.environ.update(up.localhost_only(), ROS_DOMAIN_ID=str(up.free_domain()))
    rclpy.init(args=[])
    made = Desk(tmp_path)
    yield made
    made.report.trigger_shutdown()
    made.executor.shutdown()
    for node in (made.report, made.teacher):
        node.destroy_node()
    rclpy.try_shutdown()


def test_an_override_of_the_shown_score_becomes_a_label_of_that_trial(desk: Desk, tmp_path: Path) -> None:
    folder = tmp_path / "kestrel" / "t2" / "bag"
    folder.mkdir(parents=True)
    assert "no trial was scored yet" in desk.mark(rater="Wei", total=64.5).message
    desk.scores.publish(StageScores(trial="t2", action="sit_up"))
    desk.until(lambda: desk.report._last_scored == "t2")
    answer = desk.mark(rater="Wei", total=64.5, note="late arms")
    assert (answer.accepted, answer.trial) == (True, "t2")
    again = desk.mark(trial="t2", rater="Ana", total=70.0, stages=[60.0, 70.0, 80.0, 70.0], grade="good")
    assert again.accepted
    labels = read_labels(folder)
    assert [(label.rater, label.total, label.stages, label.grade) for label in labels] == [
        ("Wei", 64.5, (), "pass"),
        ("Ana", 70.0, (60.0, 70.0, 80.0, 70.0), "good"),
    ]
    assert labels[0].note == "late arms"


def test_marks_that_make_no_sense_are_refused_with_the_reason(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "kestrel" / "t2" / "bag").mkdir(parents=True)
    for request, reason in (
        ({"rater": "Wei", "total": 640.0}, "from 0 to 100"),
        ({"rater": "", "total": 64.0}, "needs a rater"),
        ({"rater": "Wei", "total": 64.0, "stages": [1.0, 2.0]}, "4 stage marks or none"),
        ({"rater": "Wei", "total": 64.0, "trial": "t9"}, "holds no trials 't9'"),
        ({"rater": "Wei", "total": 64.0, "trial": "../t2"}, "cannot be a pseudonym or trial"),
    ):
        answer = desk.mark(**{"trial": "t2", **request})
        assert not answer.accepted
        assert reason in answer.message
    assert not (tmp_path / "kestrel" / "t2" / "labels.jsonl").exists()
