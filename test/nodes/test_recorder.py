"""The recorder node: what its bags say about themselves, and what it does when the disk fills up."""

from __future__ import annotations

import os
import shutil
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path

import pytest
import rclpy
from rclpy.parameter import Parameter
from rclpy.serialization import serialize_message
from sport_coach.msg import StageScores, Trial

from sport_nodes import topics, up
from sport_nodes.io.bag import open_bag
from sport_nodes.io.bag_about import read_about
from sport_nodes.nodes.recorder import RecorderNode
from sport_nodes.nodes.trial_bag import Heard
from sport_nodes.rig import load_rig, rig_sha256

MB = 1_000_000


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[RecorderNode]:
    os.environ.update(up.localhost_only(), ROS_DOMAIN_ID=str(up.free_domain()))
    rclpy.init(args=[])
    node = RecorderNode()
    node.set_parameters([Parameter("store", value=str(tmp_path)), Parameter("reserve_mb", value=50.0)])
    node.start()
    assert node.active
    yield node
    node.trigger_shutdown()
    node.destroy_node()
    rclpy.try_shutdown()


def hear(node: RecorderNode, topic: str, message: object, time_s: float) -> None:
    name = f"sport_coach/msg/{type(message).__name__}"
    node._heard.append(Heard(topic, name, serialize_message(message), time_s))
    node._poll()


def begin(node: RecorderNode, trial: str, time_s: float) -> None:
    message = Trial(id=trial, action="sit_up", athlete="kestrel", state=Trial.RUNNING, begin_s=time_s)
    hear(node, topics.TRIAL_STATE, message, time_s)


def topics_in(bag: Path) -> list[str]:
    with open_bag(bag) as reader:
        return [topic for _, topic, _ in reader.serialized([topics.TRIAL_STATE, topics.SCORE_TRIAL])]


def test_a_bag_says_who_what_with_which_rig_and_model(recorder: RecorderNode, tmp_path: Path) -> None:
    begin(recorder, "t1", 100.0)
    hear(recorder, topics.SCORE_TRIAL, StageScores(trial="t1", model="scorer 0123456789"), 101.0)
    recorder._finish()
    about = read_about(tmp_path / "kestrel" / "t1" / "bag")
    assert (about["athlete"], about["action"], about["trial"]) == ("kestrel", "sit_up", "t1")
    assert about["model"] == "scorer 0123456789"
    assert about["rig_sha256"] == rig_sha256(load_rig("lab"))
    assert about["software"].startswith("sport_coach ")


def test_a_disk_that_fills_up_stops_recording_and_not_the_node(
    recorder: RecorderNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    free = 60 * MB
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(100 * MB, 100 * MB - free, free))
    begin(recorder, "t1", 100.0)
    free = 40 * MB
    recorder._check_disk()
    first = tmp_path / "kestrel" / "t1" / "bag"
    assert topics_in(first) == [topics.TRIAL_STATE]
    assert "40 MB are free" in read_about(first)["stopped"]
    assert "not recording" in recorder.health.summary().message
    begin(recorder, "t2", 110.0)
    assert not (tmp_path / "kestrel" / "t2").exists()
    free = 60 * MB
    recorder._check_disk()
    begin(recorder, "t3", 120.0)
    recorder._finish()
    assert topics_in(tmp_path / "kestrel" / "t3" / "bag")[-1] == topics.TRIAL_STATE


def test_no_space_left_while_writing_stops_recording_and_not_the_node(
    recorder: RecorderNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(recorder, "t1", 100.0)

    def full(heard: Heard) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(recorder._bag, "add", full)
        hear(recorder, topics.SCORE_TRIAL, StageScores(trial="t1"), 101.0)
    assert "No space left" in recorder.health.summary().message
    assert "No space left" in read_about(tmp_path / "kestrel" / "t1" / "bag")["stopped"]
    assert recorder.active
