"""The scorer node while its model is exchanged: nothing is lost, and every score is one whole model's."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter
from sport_coach.msg import ScoreImportance, Skeleton3D, StageScores, Trial, TrialMotion
from sport_coach.srv import ReloadScorer

from sport_nodes import topics, up
from sport_nodes.lab.simulate import simulate
from sport_nodes.nodes import conversions, qos
from sport_nodes.nodes.scorer import ScorerNode
from sport_nodes.scoring.familiarity import FEATURES
from sport_nodes.scoring.scorer import Scorer
from sport_nodes.scoring.sidecar import file_sha256
from sport_nodes.scoring.standard import MARKS, Example
from sport_nodes.scoring.teacher import Teacher, teacher_file

ACTION = "free_throw"
MOTION = simulate(ACTION, seed=3, rate_hz=30.0).motion
BEGIN_S = 1_700_000_000.0
RELOADS = 50
#: Of the reloads, every fifth is of a model that must not come into use.
BROKEN_EVERY = 5
PATIENCE_S = 60.0


def broken_copies(model: Path, folder: Path) -> list[Path]:
    """Cut short; with outputs that are not its own; without a movement that is scored now; not there at all."""
    data = json.loads(model.with_suffix(".json").read_text())
    cut = folder / "cut" / "scorer.onnx"
    lying, fewer = folder / "lying" / "scorer.onnx", folder / "fewer" / "scorer.onnx"
    for path in (cut, lying, fewer):
        path.parent.mkdir(parents=True)
        path.write_bytes(model.read_bytes())
    cut.write_bytes(model.read_bytes()[:-100])
    cut.with_suffix(".json").write_text(json.dumps({**data, "sha256": file_sha256(cut)}))
    golden = {**data["golden"], "score": (np.array(data["golden"]["score"]) + 1.0).tolist()}
    lying.with_suffix(".json").write_text(json.dumps({**data, "golden": golden}))
    fewer.with_suffix(".json").write_text(json.dumps({**data, "actions": data["actions"][:-1]}))
    return [cut, lying, fewer, folder / "nowhere.onnx"]


class Bench:
    """A scorer node, and who talks to it, on one executor."""

    def __init__(self, model: Path) -> None:
        self.scorer = ScorerNode()
        self.scorer.set_parameters([Parameter("model", value=str(model))])
        self.scorer.start()
        self.node = rclpy.create_node("bench")
        self.scores: list[Any] = []
        self.live: list[Any] = []
        self.node.create_subscription(StageScores, topics.SCORE_TRIAL, self.scores.append, qos.RESULT)
        self.node.create_subscription(StageScores, topics.SCORE_LIVE, self.live.append, qos.STREAM)
        self.explained: list[Any] = []
        self.node.create_subscription(ScoreImportance, topics.SCORE_IMPORTANCE, self.explained.append, qos.RESULT)
        self.trials = self.node.create_publisher(TrialMotion, topics.MOTION_TRIAL, qos.RESULT)
        self.states = self.node.create_publisher(Trial, topics.TRIAL_STATE, qos.RESULT)
        self.skeletons = self.node.create_publisher(Skeleton3D, topics.MOTION_SKELETON, qos.STREAM)
        self.reload = self.node.create_client(ReloadScorer, topics.SERVICE_SCORER_RELOAD)
        self.executor = SingleThreadedExecutor()
        for node in (self.scorer, self.node):
            self.executor.add_node(node)
        self.until(lambda: self.reload.service_is_ready() and self.skeletons.get_subscription_count() > 0)

    def until(self, done: Callable[[], bool]) -> None:
        end_s = time.monotonic() + PATIENCE_S
        while not done():
            assert time.monotonic() < end_s
            self.executor.spin_once(timeout_sec=0.01)

    def send_trial(self, name: str) -> None:
        self.trials.publish(
            conversions.trial_to_message(MOTION, stamp_s=BEGIN_S, trial=name, action=ACTION, athlete="kestrel")
        )

    def send_skeleton(self, frame: int) -> None:
        motion = MOTION.take(slice(frame, frame + 1))
        self.skeletons.publish(
            conversions.skeleton_to_message(motion.moved(motion.positions_m, motion.times_s + BEGIN_S))
        )


@pytest.fixture
def models(tmp_path: Path, plain_model: Callable[..., Path]) -> list[Path]:
    return [plain_model(tmp_path / f"m{offset}", offset=offset) for offset in (60, 80)]


@pytest.fixture
def bench(models: list[Path]) -> Iterator[Bench]:
    os.environ.update(up.localhost_only(), ROS_DOMAIN_ID=str(up.free_domain()))
    rclpy.init(args=[])
    made = Bench(models[0])
    yield made
    made.scorer.trigger_shutdown()
    made.executor.shutdown()
    for node in (made.scorer, made.node):
        node.destroy_node()
    rclpy.try_shutdown()


def test_what_a_score_rests_on_comes_after_the_score(bench: Bench) -> None:
    bench.send_trial("t0")
    bench.until(lambda: len(bench.explained) > 0)
    (scores,), (found,) = bench.scores, bench.explained
    assert (found.trial, found.action, found.model) == ("t0", ACTION, scores.model)
    assert found.header == scores.header
    assert sum(found.joint_importance) == pytest.approx(1.0)
    assert sum(found.frame_importance) == pytest.approx(1.0)
    assert len(found.frame_times_s) == len(found.frame_importance)


def test_reloads_during_a_trial_lose_nothing_and_no_score_is_of_a_half_model(
    bench: Bench, models: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = broken_copies(models[0], tmp_path / "broken")
    known = {Scorer.load(path).identity: Scorer.load(path).score(MOTION, ACTION).value for path in models}
    assert len(set(known.values())) == 2
    in_use = Scorer.load(models[0]).identity
    bench.states.publish(Trial(id="t", action=ACTION, state=Trial.RUNNING, begin_s=BEGIN_S))
    scored = threading.Event()

    def load_slowly(*which: str, load: Callable[..., Any] = ScorerNode._loaded) -> Any:
        # Not done before the trial is scored: an executor that waits for the loading would wait for ever.
        assert scored.wait(PATIENCE_S)
        return load(*which)

    monkeypatch.setattr(ScorerNode, "_loaded", staticmethod(load_slowly))
    for number in range(RELOADS):
        wrong = number % BROKEN_EVERY == BROKEN_EVERY - 1
        path = broken[number // BROKEN_EVERY % len(broken)] if wrong else models[(number + 1) % 2]
        answer = bench.reload.call_async(ReloadScorer.Request(model=str(path)))
        bench.send_trial(f"t{number}")
        bench.send_skeleton(number)
        bench.until(lambda number=number: len(bench.scores) > number)
        scored.set()
        bench.until(answer.done)
        scored.clear()
        response = answer.result()
        assert response.accepted != wrong, response.message
        assert response.message
        assert "see the log" not in response.message
        in_use = in_use if wrong else Scorer.load(path).identity
        assert response.model == in_use
    assert [scores.trial for scores in bench.scores] == [f"t{number}" for number in range(RELOADS)]
    for scores in bench.scores:
        assert scores.value == pytest.approx(known[scores.model], abs=1e-3)
    # The running trial is scored by the model it began with, from its fifteenth frame on at ten a second.
    assert {live.model for live in bench.live} == {Scorer.load(models[0]).identity}
    assert len(bench.live) > RELOADS / 5


def test_a_model_that_fails_in_its_first_trial_gives_way_to_the_one_before(bench: Bench, models: list[Path]) -> None:
    class Mad(Scorer):
        def network_outputs(self, inputs: Any) -> Any:
            return {name: values * np.nan for name, values in super().network_outputs(inputs).items()}

    before = Scorer.load(models[0])
    bench.scorer._in_use.swap(Mad.load(models[1]))
    bench.send_trial("t1")
    bench.until(lambda: len(bench.scores) == 1)
    assert bench.scores[0].model == before.identity
    assert bench.scores[0].value == pytest.approx(before.score(MOTION, ACTION).value, abs=1e-3)
    assert "back to" in bench.scorer.health.summary().message


def test_a_teachers_standard_comes_into_use_as_it_learns_and_goes_as_it_came(
    bench: Bench, models: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPORT_COACH_HOME", str(tmp_path / "home"))
    alone = Scorer.load(models[0])
    rng = np.random.default_rng(0)
    teacher = Teacher("Wei", model=str(models[0]), model_sha256=alone.sha256, familiarity=alone.familiarity)

    def mark(count: int) -> None:
        for _ in range(count):
            model = np.clip(rng.normal(75.0, 10.0) + rng.normal(0.0, 3.0, MARKS), 0.0, 100.0)
            features = alone.familiarity.mean[ACTION][: len(FEATURES)] + rng.normal(0.0, 0.5, len(FEATURES))
            teacher.take(ACTION, Example(f"m{rng.integers(1 << 30)}", "p", features, model, model - 12.0))
        teacher.write(teacher_file("Wei"))

    def reload() -> None:
        answer = bench.reload.call_async(ReloadScorer.Request())
        bench.until(answer.done)
        assert answer.result().accepted, answer.result().message

    mark(15)
    bench.scorer.set_parameters([Parameter("teacher", value="Wei")])
    bench.send_trial("t1")
    bench.until(lambda: len(bench.scores) == 1)
    reload()
    bench.send_trial("t2")
    bench.until(lambda: len(bench.scores) == 2)
    mark(1)
    bench.until(lambda: bench.scorer._in_use.model.identity.endswith(teacher.identity))
    bench.send_trial("t3")
    bench.until(lambda: len(bench.scores) == 3)
    bench.scorer.set_parameters([Parameter("teacher", value="")])
    reload()
    bench.send_trial("t4")
    bench.until(lambda: len(bench.scores) == 4)
    first, second, third, last = bench.scores
    assert (first.model, last.model, last.value) == (alone.identity, alone.identity, first.value)
    assert second.model.startswith(f"{alone.identity} + Wei ")
    assert third.model == f"{alone.identity} + {teacher.identity}" != second.model
    assert first.value - third.value == pytest.approx(12.0, abs=3.0)
    assert "Wei's standard" in third.warnings[0]
