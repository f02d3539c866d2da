"""Bags: what is written is read back; whatever is not a bag is one clear line."""

from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from sport_nodes import topics
from sport_nodes.errors import InputError
from sport_nodes.io import bag_messages as messages
from sport_nodes.io.bag import BagWriter, open_bag, read_motion_bag, read_recording
from sport_nodes.measurements import DeviceClock
from sport_nodes.motion import Motion
from sport_nodes.rig import load_rig

BAGS = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "ros2_bags"
needs_bags = pytest.mark.skipif(not BAGS.is_dir(), reason="../shared/data/ros2_bags is not there")
RIG = load_rig("lab")
BEGIN_S = 1_700_000_000.25
number = st.floats(-1e6, 1e6)


def motion(frames=20, *, seed=0):
    rng = np.random.default_rng(seed)
    positions = rng.normal(size=(frames, 17, 3))
    positions[3, 4] = np.nan
    shape = (frames, 17)
    return Motion(
        np.arange(frames) / 30.0,
        positions,
        rng.uniform(0.1, 1.0, shape),
        rng.integers(1, 5, shape).astype(np.uint8),
        rng.uniform(0.0, 0.1, shape),
    )


def trial_message(m):
    return messages.trial_motion_message(m, begin_s=BEGIN_S, trial="t1", action="free_throw", athlete="A01")


def assert_same(a, b):
    for name in ("times_s", "positions_m", "confidence", "provenance", "sigma_m"):
        assert np.allclose(getattr(a, name), getattr(b, name), atol=1e-6, equal_nan=True), name


@pytest.fixture
def trial_bag(tmp_path):
    with BagWriter(tmp_path / "bag") as bag:
        bag.write(topics.MOTION_TRIAL, trial_message(motion()), BEGIN_S)
    return tmp_path / "bag"


def test_a_trial_is_read_back(trial_bag):
    assert_same(read_motion_bag(trial_bag), motion())
    assert_same(read_motion_bag(trial_bag / "bag.mcap"), motion())


def test_a_folder_without_metadata_is_read_all_the_same(trial_bag):
    (trial_bag / "metadata.yaml").unlink()
    assert_same(read_motion_bag(trial_bag), motion())


def test_the_skeletons_stand_in_for_a_trial(tmp_path):
    m = motion()
    with BagWriter(tmp_path / "bag") as bag:
        for i, time in enumerate(m.times_s):
            message = messages.skeleton_message(
                m.positions_m[i],
                m.confidence[i],
                time_s=BEGIN_S + time,
                frame_id="world",
                provenance=m.provenance[i],
                sigma_m=m.sigma_m[i],
            )
            bag.write(topics.MOTION_SKELETON, message, BEGIN_S + time + 0.01)
    assert_same(read_motion_bag(tmp_path / "bag"), m)


def test_a_trial_is_preferred_to_the_skeletons(tmp_path):
    one = np.zeros((17, 3))
    with BagWriter(tmp_path / "bag") as bag:
        for k in range(5):
            message = messages.skeleton_message(one, np.ones(17), time_s=BEGIN_S + k, frame_id="world")
            bag.write(topics.MOTION_SKELETON, message, BEGIN_S + k)
        bag.write(topics.MOTION_TRIAL, trial_message(motion()), BEGIN_S + 9.0)
    assert len(read_motion_bag(tmp_path / "bag")) == 20


def test_sensor_streams_are_read_back_in_order_of_their_stamps(tmp_path):
    rng = np.random.default_rng(1)
    camera = RIG.cameras[0]
    stamps = BEGIN_S + np.arange(6) / 30.0
    people = [rng.uniform(0, 900, (1 + k % 3, 17, 2)) for k in range(6)]
    imu = rng.normal(size=(6, 10))
    depth = rng.normal(size=(6, 17, 3))
    depth[2, 5] = np.nan
    clock = DeviceClock("camera_0", 12.5, -3.0, 20.0, 4.0, 6, 1, 0, False, "started 0.2 s ago", latency_ms=25.0)
    with BagWriter(tmp_path / "bag") as bag:
        for k in (0, 2, 1, 3, 4, 5):
            t = stamps[k]
            seen = np.full((len(people[k]), 17), 0.5)
            bag.write(
                topics.keypoints("camera_0"),
                messages.keypoints_message(camera, people[k], seen, time_s=t, sequence=k),
                t,
            )
            bag.write(
                topics.imu("imu_trunk"), messages.imu_message(imu[k, :4], imu[k, 4:], time_s=t, frame_id="imu"), t
            )
            confidence = np.isfinite(depth[k, :, 0]) * 0.7
            bag.write(
                topics.KINECT_SKELETON,
                messages.skeleton_message(depth[k], confidence, time_s=t, frame_id="kinect_optical"),
                t,
            )
        bag.write(topics.clock("camera_0"), messages.device_clock_message(clock), stamps[-1])
        bag.write(topics.camera_info("camera_0"), messages.camera_info_message(camera, time_s=t), stamps[-1])
        bag.write(topics.GROUND_TRUTH_TRIAL, trial_message(motion()), stamps[-1])
    recording = read_recording(tmp_path / "bag")
    assert set(recording.cameras) == {"camera_0"}
    stream = recording.cameras["camera_0"]
    assert stream.times_s == pytest.approx(stamps, abs=1e-6)
    assert stream.xy_px.shape == (6, 3, 17, 2)
    for k in range(6):
        assert np.array_equal(stream.xy_px[k, : len(people[k])], people[k])
        assert np.isnan(stream.xy_px[k, len(people[k]) :]).all()
        assert (stream.confidence[k, len(people[k]) :] == 0).all()
    assert np.array_equal(recording.depth.positions_m, depth, equal_nan=True)
    assert recording.depth.confidence[2, 5] == 0
    trunk = recording.imus["imu_trunk"]
    assert np.array_equal(np.column_stack([trunk.orientation_xyzw, trunk.vectors]), imu)
    assert recording.clocks == (clock,)
    assert (recording.action, recording.athlete, recording.trial) == ("free_throw", "A01", "t1")
    assert_same(recording.truth.moved(recording.truth.positions_m, recording.truth.times_s - BEGIN_S), motion())


def test_a_bag_of_sensors_says_to_fuse_it(tmp_path):
    message = messages.imu_message(np.array([0, 0, 0, 1.0]), np.zeros(6), time_s=BEGIN_S, frame_id="imu_trunk")
    with BagWriter(tmp_path / "bag") as bag:
        bag.write(topics.imu("imu_trunk"), message, BEGIN_S)
    with pytest.raises(InputError, match=r"/imu_trunk/data.*sport fuse"):
        read_motion_bag(tmp_path / "bag")


def test_a_bag_of_motions_is_no_recording(trial_bag):
    with pytest.raises(InputError, match="no sensor data; its topics are /motion/trial"):
        read_recording(trial_bag)


def test_bytes_do_not_depend_on_the_day(tmp_path, monkeypatch):
    for day in ("a", "b"):
        monkeypatch.setattr("time.time", lambda day=day: 1e9 * ord(day))
        with BagWriter(tmp_path / day / "bag") as bag:
            bag.write(topics.MOTION_TRIAL, trial_message(motion()), BEGIN_S)
    for name in ("bag.mcap", "metadata.yaml"):
        assert (tmp_path / "a" / "bag" / name).read_bytes() == (tmp_path / "b" / "bag" / name).read_bytes()


def test_an_existing_folder_is_not_overwritten(trial_bag):
    with pytest.raises(InputError, match="choose a new folder"):
        BagWriter(trial_bag)


@pytest.mark.parametrize("kept", [0, 7, 900, 0.3, 0.7, 0.999])
def test_a_truncated_bag_is_one_clear_line(trial_bag, tmp_path, kept):
    data = (trial_bag / "bag.mcap").read_bytes()
    cut = tmp_path / "cut.mcap"
    cut.write_bytes(data[: kept if isinstance(kept, int) else int(kept * len(data))])
    for read in (read_motion_bag, read_recording):
        with pytest.raises(InputError, match=r"^\S+cut\.mcap cannot be read[^\n]+$"):
            read(cut)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=30))
def test_a_damaged_bag_never_raises_anything_else(tmp_path_factory, changes):
    folder = tmp_path_factory.mktemp("damaged")
    with BagWriter(folder / "bag") as bag:
        bag.write(topics.MOTION_TRIAL, trial_message(motion(4)), BEGIN_S)
    data = bytearray((folder / "bag" / "bag.mcap").read_bytes())
    for place, value in changes:
        data[place % len(data)] = value
    (folder / "x.mcap").write_bytes(data)
    with suppress(InputError):  # a changed number in the payload may still be a motion
        read_motion_bag(folder / "x.mcap")


@pytest.mark.parametrize("name", ["metadata.yaml", "bag.mcap"])
@pytest.mark.parametrize("content", [b"", b"\x00\xff garbage", b"rosbag2_bagfile_information: {version: 5}"])
def test_a_bag_with_a_spoilt_file_is_one_clear_line(trial_bag, name, content):
    (trial_bag / name).write_bytes(content)
    with pytest.raises(InputError, match=r"^[^\n]*bag[^\n]+$"):
        read_motion_bag(trial_bag)


def test_what_is_no_bag_is_said_to_be_none(tmp_path):
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / "empty").mkdir()
    for path, words in (
        (tmp_path / "none", "no bag at"),
        (tmp_path / "notes.txt", "not a bag"),
        (tmp_path / "empty", "neither"),
    ):
        with pytest.raises(InputError, match=words):
            read_motion_bag(path)


@settings(max_examples=50, deadline=None)
@given(
    arrays.arrays(np.float64, (17, 3), elements=st.one_of(number, st.just(np.nan))),
    arrays.arrays(np.float64, 17, elements=st.floats(0, 1)),
    arrays.arrays(np.uint8, 17, elements=st.integers(0, 4)),
    st.integers(0, 2**31 - 2),
    st.integers(0, 999_999),
)
def test_a_skeleton_survives_its_bytes(positions, confidence, provenance, seconds, microseconds):
    time_s = seconds + microseconds * 1e-6
    store = messages.typestore()
    message = messages.skeleton_message(
        positions, confidence, time_s=time_s, frame_id="world", provenance=provenance, sigma_m=confidence
    )
    again = store.deserialize_cdr(store.serialize_cdr(message, messages.SKELETON), messages.SKELETON)
    for got, sent in zip(messages.skeleton_of(again), (positions, confidence, provenance, confidence), strict=True):
        assert np.array_equal(got, sent, equal_nan=True)
    assert messages.stamp_s(again) == pytest.approx(time_s, abs=1e-6)


@needs_bags
@pytest.mark.parametrize("suffix", ["mcap", "sqlite3"])
def test_bags_of_other_people_say_what_they_hold(suffix):
    with pytest.raises(
        InputError, match=r"neither /motion/trial nor /motion/skeleton; its topics are .* and \d+ more$"
    ):
        read_motion_bag(BAGS / "rosbags_rs" / f"test_bag_{suffix}")


@needs_bags
def test_rosbag2_s_own_fixtures_are_read_or_refused_in_one_line():
    count = 0
    for path in sorted(BAGS.rglob("*")):
        if path.suffix not in (".mcap", ".db3") and not (path.is_dir() and any(path.glob("*.mcap"))):
            continue
        for read in (read_motion_bag, read_recording):
            with pytest.raises(InputError, match=r"^[^\n]+$"):
                read(path)
        count += 1
    assert count > 30


@needs_bags
def test_all_messages_that_the_metadata_counts_are_read_or_none():
    counted = 0
    for path in sorted(BAGS.rglob("metadata.yaml")):
        about = yaml.safe_load(path.read_text(encoding="utf-8"))["rosbag2_bagfile_information"]
        if "wrong_rmw" in str(path):
            with pytest.raises(InputError, match=r"written as wrong_format, expected cdr"), open_bag(path.parent):
                pass
            continue
        with open_bag(path.parent) as bag:
            assert len(bag.serialized({c.topic for c in bag.connections})) == about["message_count"], path
        counted += about["message_count"]
    assert counted > 10_000


def test_a_file_that_the_metadata_names_must_be_there(trial_bag):
    (trial_bag / "bag.mcap").rename(trial_bag / "other.mcap")
    with pytest.raises(InputError, match=r"lacks bag.mcap, which its metadata.yaml names"):
        read_motion_bag(trial_bag)
    (trial_bag / "metadata.yaml").write_text("rosbag2_bagfile_information: [", encoding="utf-8")
    with pytest.raises(InputError, match=r"^[^\n]+metadata.yaml cannot be read[^\n]+$"):
        read_motion_bag(trial_bag)
    (trial_bag / "metadata.yaml").unlink()
    assert_same(read_motion_bag(trial_bag), motion())


@needs_bags
@pytest.mark.parametrize("storage", ["mcap", "sqlite3"])
def test_a_split_bag_without_metadata_is_read_whole(storage):
    folder = BAGS / f"ros2_rosbag2/rosbag2_py/test/resources/{storage}/reindex_test_bags/multiple_files"
    with open_bag(folder) as bag:
        whole = bag.messages(("std_msgs/msg/String",))
    parts = 0
    for file in folder.iterdir():
        with open_bag(file) as bag:
            parts += len(bag.messages(("std_msgs/msg/String",))["/chatter"])
    assert len(whole["/chatter"]) == parts > 0


@needs_bags
def test_service_events_do_not_make_a_bag_unreadable():
    with open_bag(BAGS / "ros2_rosbag2/rosbag2_cpp/test/rosbag2_cpp/bags/topics_and_services.mcap") as bag:
        assert any("_service_event" in c.topic for c in bag.connections)
        assert bag.messages((messages.SKELETON,)) == {}
