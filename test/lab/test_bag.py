"""The lab's bags: complete, reproducible to the byte, and read back as what the drivers stamped."""

import numpy as np
import pytest

from sport_nodes import topics
from sport_nodes.errors import InputError
from sport_nodes.io import bag_messages as messages
from sport_nodes.io.bag import open_bag, read_motion_bag, read_recording
from sport_nodes.lab.bag import write_lab_bag
from sport_nodes.lab.observe import HOST_EPOCH_S
from sport_nodes.lab.player import TRUTH_RATE_HZ
from sport_nodes.lab.simulate import simulate
from sport_nodes.rig import load_rig

RIG = load_rig("lab")


@pytest.fixture(scope="module")
def trial():
    return simulate("standing_long_jump", seed=3, faults=("weak_arm_swing",))


@pytest.fixture(scope="module")
def bag(trial, tmp_path_factory):
    path = tmp_path_factory.mktemp("lab") / "jump"
    write_lab_bag(trial, RIG, path, seed=3)
    return path


@pytest.fixture(scope="module")
def recording(bag):
    return read_recording(bag)


def test_the_same_seed_gives_the_same_bytes_whatever_the_folder_is_called(trial, bag, tmp_path, monkeypatch):
    monkeypatch.setattr("time.time", lambda: 1.0)
    again = tmp_path / "again"
    write_lab_bag(simulate("standing_long_jump", seed=3, faults=("weak_arm_swing",)), RIG, again, seed=3)
    assert _bytes_of(again) == _bytes_of(bag)
    write_lab_bag(trial, RIG, tmp_path / "other", seed=4)
    assert _bytes_of(tmp_path / "other")["lab.mcap"] != _bytes_of(bag)["lab.mcap"]


def test_a_folder_that_is_there_is_not_written_to(trial, bag):
    before = _bytes_of(bag)
    with pytest.raises(InputError, match="exists already"):
        write_lab_bag(trial, RIG, bag, seed=3)
    assert _bytes_of(bag) == before


def _bytes_of(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_every_topic_of_the_sensors_is_there_at_its_rate(trial, bag):
    seconds = trial.motion.duration_s
    expected = {topics.GROUND_TRUTH_SKELETON: TRUTH_RATE_HZ, topics.KINECT_SKELETON: 30.0}
    expected |= {topics.keypoints(c.name): 30.0 for c in RIG.cameras}
    expected |= {topics.imu(m.name): 200.0 for m in RIG.imus}
    with open_bag(bag) as reader:
        counts = {c.topic: c.msgcount for c in reader.connections}
    for topic, rate_hz in expected.items():
        assert counts[topic] == pytest.approx(seconds * rate_hz, rel=0.04)
    devices = ["kinect", *(c.name for c in RIG.cameras), *(m.name for m in RIG.imus)]
    assert all(counts[topics.clock(d)] >= int(seconds) for d in devices)
    assert all(counts[topics.camera_info(c.name)] >= int(seconds) for c in RIG.cameras)
    assert counts[topics.KINECT_CAMERA_INFO] >= int(seconds)
    assert counts[topics.GROUND_TRUTH_TRIAL] == 1


def test_the_truth_is_the_motion(trial, recording):
    assert recording.truth.times_s - HOST_EPOCH_S == pytest.approx(
        trial.motion.times_s - trial.motion.times_s[0], abs=1e-6
    )
    assert np.array_equal(recording.truth.positions_m, trial.motion.positions_m, equal_nan=True)
    assert (recording.action, recording.athlete) == ("standing_long_jump", trial.athlete.name)


def test_streams_agree_with_the_truth(recording):
    middle = slice(30, -30)
    for name, stream in recording.cameras.items():
        rows = np.clip(np.searchsorted(recording.truth.times_s, stream.times_s), 0, len(recording.truth) - 1)
        error = np.linalg.norm(stream.xy_px[:, 0] - RIG.camera(name).project(recording.truth.positions_m[rows]), axis=2)
        assert np.nanmedian(error[middle]) < 8.0
    rows = np.clip(np.searchsorted(recording.truth.times_s, recording.depth.times_s), 0, len(recording.truth) - 1)
    error = np.linalg.norm(RIG.depth.to_world(recording.depth.positions_m) - recording.truth.positions_m[rows], axis=2)
    assert np.nanmedian(error[middle]) < 0.06
    for stream in recording.imus.values():
        assert np.linalg.norm(stream.vectors[:100, 3:], axis=1).mean() == pytest.approx(9.81, abs=0.2)


def test_clocks_say_what_was_lost(recording, trial):
    assert {c.name for c in recording.clocks} == {"kinect", *recording.cameras, *recording.imus}
    for clock in recording.clocks:
        assert clock.trusted, clock.reason
        stream = recording.cameras.get(clock.name) or recording.imus.get(clock.name) or recording.depth
        assert clock.received == len(stream.times_s)


def test_messages_are_recorded_when_they_arrive_and_stamped_when_they_were_taken(bag):
    with open_bag(bag) as reader:
        found = reader.messages((messages.KEYPOINTS,))[topics.keypoints("camera_0")]
    stamps = np.array([messages.stamp_s(m) for m in found])
    assert (np.diff(stamps) > 0).all()
    assert {m.header.frame_id for m in found} == {"camera_0_optical"}
    assert (np.diff([m.sequence for m in found]) >= 1).all()


def test_a_lab_bag_has_to_be_fused_first(bag):
    with pytest.raises(InputError, match="sport fuse"):
        read_motion_bag(bag)


def test_a_recorded_motion_is_staged_and_recorded(trial, tmp_path):
    moved = trial.motion.take(slice(0, None, 4)).moved(trial.motion.positions_m[::4] + np.array([8.0, -3.0, 0.0]))
    write_lab_bag(moved, RIG, tmp_path / "bag", seed=1, action="standing_long_jump")
    recording = read_recording(tmp_path / "bag")
    assert recording.action == "standing_long_jump"
    assert np.abs(recording.truth.positions_m[0, 11:13, :2].mean(axis=0)).max() < 0.02
    assert recording.truth.duration_s == pytest.approx(moved.duration_s + 3.0, abs=0.1)


def test_no_depth_leaves_no_depth_topics(trial, tmp_path):
    write_lab_bag(trial, RIG, tmp_path / "bag", seed=3, scenario="no_depth")
    with open_bag(tmp_path / "bag") as reader:
        assert not [c.topic for c in reader.connections if c.topic.startswith("/kinect")]
    assert read_recording(tmp_path / "bag").depth is None
