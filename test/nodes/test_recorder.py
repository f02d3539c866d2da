"""The recorder node: what its bags say about themselves, and what it does when the disk fills up."""

from __future__ import annotations

import os
import shutil
import signal
import struct
import subprocess
import sys
import time
from collections import namedtuple
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import rclpy
from builtin_interfaces.msg import Time
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.serialization import serialize_message
from sensor_msgs.msg import Imu
from sport_coach.msg import StageScores, Trial
from std_msgs.msg import Header

from sport_nodes import topics, up
from sport_nodes.io.bag import open_bag
from sport_nodes.io.bag_about import read_about
from sport_nodes.io.live_bag import mend_all
from sport_nodes.labels import add_label, make_label
from sport_nodes.nodes import qos
from sport_nodes.nodes.recorder import CONSENT_FILE, RecorderNode
from sport_nodes.nodes.trial_bag import Heard
from sport_nodes.recording_days import DAYS_FOLDER, read_day, remove_old_bags
from sport_nodes.rig import load_rig, rig_sha256
from sport_nodes.store import TrialStore

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


def test_the_day_has_an_index_and_bags_say_what_the_athlete_agreed_to(recorder: RecorderNode, tmp_path: Path) -> None:
    recorder.set_parameters([Parameter("consent", value="teaching only")])
    (tmp_path / "heron").mkdir()
    (tmp_path / "heron" / CONSENT_FILE).write_text("research, signed 2026-03-01\n")
    for athlete, trial in (("kestrel", "t1"), ("heron", "t2")):
        message = Trial(id=trial, action="sit_up", athlete=athlete, state=Trial.RUNNING, begin_s=100.0)
        hear(recorder, topics.TRIAL_STATE, message, 100.0)
        recorder._finish()
    (day,) = (tmp_path / DAYS_FOLDER).iterdir()
    lines = read_day(day)
    assert [(line["bag"], line["consent"]) for line in lines] == [
        ("kestrel/t1/bag", "teaching only"),
        ("heron/t2/bag", "research, signed 2026-03-01"),
    ]
    assert lines[0]["bytes"] == sum(file.stat().st_size for file in (tmp_path / "kestrel" / "t1" / "bag").iterdir())
    TrialStore(tmp_path).erase("heron")
    assert [line["athlete"] for line in read_day(day)] == ["kestrel"]


def test_old_bags_go_by_age_and_by_size_and_labelled_ones_stay(recorder: RecorderNode, tmp_path: Path) -> None:
    for number in range(6):
        begin(recorder, f"t{number}", 100.0 + 10.0 * number)
        recorder._finish()
        bag = tmp_path / "kestrel" / f"t{number}" / "bag"
        os.utime(bag / "metadata.yaml", (1e9 + number * 86400.0,) * 2)
    add_label(tmp_path / "kestrel" / "t0", make_label(rater="Wei", total=80.0))
    begin(recorder, "open", 200.0)
    now_s = 1e9 + 5 * 86400.0 + 1.0

    def left() -> list[str]:
        return sorted(path.parent.name for path in tmp_path.glob("*/*/bag"))

    assert remove_old_bags(tmp_path, keep_days=0, keep_bytes=0, now_s=now_s) == []
    remove_old_bags(tmp_path, keep_days=3.5, keep_bytes=0, now_s=now_s)
    assert left() == ["open", "t0", "t2", "t3", "t4", "t5"]
    size = sum(file.stat().st_size for file in (tmp_path / "kestrel" / "t5" / "bag").iterdir())
    remove_old_bags(tmp_path, keep_days=0, keep_bytes=2.5 * size, now_s=now_s)
    assert left() == ["open", "t0", "t4", "t5"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 50 MB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = run("mount", "-t", "tmpfs", "-o", "size=50m", "tmpfs", str(folder))
    if mounted.returncode != 0:
        pytest.skip(f"no small file system can be mounted here: {mounted.stderr}")
    yield folder
    run("umount", "-l", str(folder))


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """A system's command, without what ROS put into the environment."""
    return subprocess.run(command, env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("reserve_mb", [10.0, 0.0])
def test_a_file_system_that_fills_up_for_good(recorder: RecorderNode, small_disk: Path, reserve_mb: float) -> None:
    recorder.trigger_deactivate()
    recorder.trigger_cleanup()
    recorder.set_parameters([Parameter("store", value=str(small_disk)), Parameter("reserve_mb", value=reserve_mb)])
    recorder.start()
    begin(recorder, "t1", 100.0)
    rng = np.random.default_rng(0)
    sent = 0
    while recorder._trial is not None and sent < 100:
        # A megabyte that does not compress, as from a camera.
        recorder._heard.append(Heard(topics.COACH_STREAM, "std_msgs/msg/String", rng.bytes(MB), 101.0 + sent))
        recorder._poll()
        if reserve_mb > 0.0:
            recorder._check_disk()
        sent += 1
    assert "not recording" in recorder.health.summary().message
    assert recorder.active
    assert shutil.disk_usage(small_disk).free >= reserve_mb * MB - 2 * MB
    begin(recorder, "t2", 300.0)
    assert not (small_disk / "kestrel" / "t2").exists()
    bag = small_disk / "kestrel" / "t1" / "bag"
    if reserve_mb == 0.0:
        # Full to the brim: the bag may wait, unfinished, for a start with room. Room is made here.
        assert run("mount", "-o", "remount,size=150m", str(small_disk)).returncode == 0
        recorder._check_disk()
        mend_all(small_disk)
    assert ("are free" if reserve_mb else "No space left") in read_about(bag)["stopped"]
    with open_bag(bag) as reader:
        kept = len(reader.serialized([topics.COACH_STREAM]))
    assert sent - 2 <= kept <= sent


def wait_until(true: Callable[[], object], what: str) -> None:
    end_s = time.monotonic() + 20.0
    while not true():
        assert time.monotonic() < end_s, what
        time.sleep(0.02)


def numbers_in(bag: Path, topic: str) -> list[int]:
    with open_bag(bag) as reader:
        return [struct.unpack_from("<i", data, 4)[0] for _, _, data in reader.serialized([topic])]


@pytest.fixture
def drivers() -> Iterator[Node]:
    os.environ.update(up.localhost_only(), ROS_DOMAIN_ID=str(up.free_domain()))
    rclpy.init(args=[])
    node = rclpy.create_node("drivers")
    yield node
    node.destroy_node()
    rclpy.try_shutdown()


def test_what_came_while_the_recorder_was_held_up_is_in_the_bag(drivers: Node, tmp_path: Path) -> None:
    topic, count = topics.imu("imu_trunk"), 1500  # seven seconds at 200 Hz
    driver = drivers.create_publisher(Imu, topic, qos.SENSOR_OUT)
    states = drivers.create_publisher(Trial, topics.TRIAL_STATE, qos.RESULT)
    trial = Trial(id="t1", action="sit_up", athlete="kestrel", state=Trial.RUNNING, begin_s=time.time())
    bag = tmp_path / "kestrel" / "t1" / "bag"
    settings = ["-p", f"store:={tmp_path}", "-p", "results_within_s:=0.1"]
    with subprocess.Popen([sys.executable, "-m", "sport_nodes.nodes.recorder", "--ros-args", *settings]) as recorder:
        try:
            wait_until(
                lambda: driver.get_subscription_count() and states.get_subscription_count(), "nobody records sensors"
            )
            states.publish(trial)
            wait_until((bag / "unfinished.json").is_file, "no bag was begun")
            # Not even the middleware's threads run: more than it holds on the way must be sent again.
            recorder.send_signal(signal.SIGSTOP)
            for number in range(count):
                driver.publish(Imu(header=Header(stamp=Time(sec=number))))
            recorder.send_signal(signal.SIGCONT)
            assert driver.wait_for_all_acked(Duration(seconds=20))
            trial.state = Trial.FINISHED
            states.publish(trial)
            wait_until((bag / "metadata.yaml").is_file, "the bag was not closed")
        finally:
            recorder.send_signal(signal.SIGCONT)
            recorder.terminate()
    assert numbers_in(bag, topic) == list(range(count))


def test_a_driver_that_offers_best_effort_only_is_recorded_too(recorder: RecorderNode, tmp_path: Path) -> None:
    topic = topics.imu("imu_trunk")
    other = rclpy.create_node("drivers")
    driver = other.create_publisher(Imu, topic, qos.SENSOR_IN)

    def followed() -> int:
        recorder._follow_drivers()
        return driver.get_subscription_count()

    wait_until(followed, "the recorder does not listen")
    begin(recorder, "t1", time.time())
    driver.publish(Imu(header=Header(stamp=Time(sec=7))))
    bag = tmp_path / "kestrel" / "t1" / "bag"

    def heard() -> bool:
        recorder.take_polled()
        return bool(recorder._heard)

    wait_until(heard, "nothing was heard")
    recorder._poll()
    recorder._finish()
    assert numbers_in(bag, topic) == [7]
    other.destroy_node()
