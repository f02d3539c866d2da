"""rosbag2 recordings, MCAP and sqlite3, read and written without ROS."""

from __future__ import annotations

import sqlite3
import struct
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import numpy as np
import yaml
from numpy.typing import NDArray
from rosbags.interfaces import Connection, MessageDefinitionFormat
from rosbags.rosbag2 import (
    CompressionFormat,
    CompressionMode,
    Reader,
    ReaderError,
    StoragePlugin,
    Writer,
    WriterError,
)
from rosbags.serde import SerdeError
from rosbags.typesys import Stores, TypesysError, get_types_from_msg, get_typestore
from rosbags.typesys.store import Typestore

from sport_nodes import topics
from sport_nodes.errors import InputError
from sport_nodes.io import bag_messages as messages
from sport_nodes.io.bag_about import METADATA_FILE
from sport_nodes.measurements import ImuStream, KeypointStream, Recording, SkeletonStream
from sport_nodes.motion import Motion
from sport_nodes.skeleton import JOINT_COUNT

Array = NDArray[np.float64]

_STORAGE_SUFFIXES: Final = (".mcap", ".db3")
_IMU_SUFFIX: Final = topics.imu("")[1:]
_BAG_VERSION: Final = 9  # rosbag2 of Jazzy
_CDR: Final = "cdr"
# Modes of compression in which rosbag2 compressed whole files, or each message; MCAP undoes its own.
_COMPRESSED_BY_ROSBAG2: Final = ("file", "message")
# Topics that an error message names, and characters that it quotes of a reason.
_NAMED_TOPICS: Final = 12
_LONGEST_REASON: Final = 160
# Sets of message definitions whose parsed form is kept.
_KEPT_TYPESTORES: Final = 16
# What rosbags raises on bytes that are no bag, no message or not whole.
_DAMAGED: Final = (
    *(ReaderError, SerdeError, TypesysError, sqlite3.Error, struct.error, OSError, EOFError),
    *(ValueError, KeyError, IndexError, TypeError, AttributeError, AssertionError, MemoryError, OverflowError),
)


class OnlySensorsError(InputError):
    """A bag of sensor data that nobody has fused yet."""


class BagWriter:
    """Writes one MCAP bag, with zstd chunks if compressed. Same messages and times, same bytes.

    Raises InputError when the folder is already there or cannot be written.
    """

    def __init__(self, path: Path, *, compressed: bool = False) -> None:
        try:
            self._writer = Writer(path, version=_BAG_VERSION, storage_plugin=StoragePlugin.MCAP)
            if compressed:
                self._writer.set_compression(CompressionMode.STORAGE, CompressionFormat.ZSTD)
            self._writer.open()
        except (WriterError, OSError) as error:
            raise InputError(f"cannot write a bag to {path}: {error}; choose a new folder") from error
        self._connections: dict[str, Any] = {}

    def write(self, topic: str, message: Any, time_s: float) -> None:
        """Append a message of `bag_messages`; time_s: when it was received."""
        name = message.__msgtype__
        self.write_serialized(topic, name, messages.typestore().serialize_cdr(message, name), time_s)

    def write_serialized(self, topic: str, message_type: str, data: bytes | memoryview, time_s: float) -> None:
        """Append a message as it came over the wire (CDR); message_type as in "std_msgs/msg/String"."""
        self.write_at(topic, message_type, data, messages.nanoseconds(time_s))

    def write_at(self, topic: str, message_type: str, data: bytes | memoryview, time_ns: int) -> None:
        """As write_serialized, with the time of receipt in nanoseconds."""
        if topic not in self._connections:
            self._connections[topic] = self._writer.add_connection(topic, message_type, typestore=messages.typestore())
        self._writer.write(self._connections[topic], time_ns, data)

    def flush(self) -> None:
        """Close the chunk that is being filled and hand it to the operating system. Raises OSError on a full disk."""
        storage: Any = self._writer.storage
        if storage.chunk.bio.tell():
            storage.close_chunk()
        storage.bio.flush()

    def close(self, about: Mapping[str, str]) -> None:
        """Finish the bag; about: what its metadata.yaml says about it (custom_data)."""
        for key, value in about.items():
            self._writer.set_custom_data(key, value)
        self._writer.close()

    def __enter__(self) -> BagWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.__exit__(kind, error, trace)


class BagReader:
    """An open bag: its topics, and the messages of chosen types."""

    def __init__(self, readers: list[Reader]) -> None:
        self._readers = readers

    @property
    def connections(self) -> list[Connection]:
        """What was recorded, one entry a topic (and file)."""
        return [c for reader in self._readers for c in reader.connections]

    @property
    def topic_names(self) -> str:
        """The topics in words, for error messages."""
        names = sorted({c.topic for c in self.connections})
        more = f" and {len(names) - _NAMED_TOPICS} more" if len(names) > _NAMED_TOPICS else ""
        return (", ".join(names[:_NAMED_TOPICS]) or "none") + more

    def messages(self, types: tuple[str, ...]) -> dict[str, list[Any]]:
        """Messages of the given types by topic, in the order in which they were received."""
        found: dict[str, list[tuple[int, Any]]] = defaultdict(list)
        for reader in self._readers:
            # Only what is asked for is decoded: one odd definition elsewhere does not make a bag unreadable.
            chosen = [c for c in reader.connections if c.msgtype in types]
            store = _typestore_of(chosen)
            for connection, received_ns, data in reader.messages(chosen) if chosen else ():
                found[connection.topic].append((received_ns, store.deserialize_cdr(data, connection.msgtype)))
        return {topic: [m for _, m in sorted(pairs, key=lambda p: p[0])] for topic, pairs in found.items()}

    def serialized(self, names: Collection[str]) -> list[tuple[float, str, bytes]]:
        """Time of recording [s], topic and CDR bytes of all messages on these topics, in order."""
        found = []
        for reader in self._readers:
            chosen = [c for c in reader.connections if c.topic in names]
            for connection, received_ns, data in reader.messages(chosen) if chosen else ():
                found.append((received_ns * 1e-9, connection.topic, bytes(data)))
        return sorted(found, key=lambda message: message[0])


@contextmanager
def open_bag(path: Path) -> Iterator[BagReader]:
    """A bag for reading: a folder (with or without metadata.yaml), an .mcap or a .db3.

    Raises InputError when it is not one, or when it turns out damaged while it is read.
    """
    try:
        with ExitStack() as stack:
            reader = BagReader([stack.enter_context(Reader(file)) for file in _storage_files(path)])
            _check_format(path, (getattr(c.ext, "serialization_format", _CDR) for c in reader.connections))
            yield reader
    except InputError:
        raise
    except _DAMAGED as error:
        reason = " ".join(str(error).split())[:_LONGEST_REASON] or type(error).__name__
        raise InputError(
            f"{path} cannot be read as a rosbag2 recording ({reason}); "
            "if a recorder was stopped half way, mend it with `ros2 bag reindex` or `mcap recover`"
        ) from error


def _check_format(path: Path, formats: Iterable[str]) -> None:
    if other := sorted(set(formats) - {_CDR}):
        raise InputError(f"{path} holds messages written as {', '.join(other)}, expected {_CDR}; convert it")


def _typestore_of(connections: list[Connection]) -> Typestore:
    """The messages as the bag defines them; as this package does where the bag does not say (sqlite3 before Iron)."""
    if any(c.msgdef.format != MessageDefinitionFormat.MSG for c in connections):
        return messages.typestore()
    return _typestore_from(frozenset((c.msgtype, c.msgdef.data) for c in connections))


@lru_cache(maxsize=_KEPT_TYPESTORES)
def _typestore_from(definitions: frozenset[tuple[str, str]]) -> Typestore:
    """Kept, for parsing definitions takes longer than reading a trial, and a lab's bags define the same."""
    store = get_typestore(Stores.EMPTY)
    types: dict[str, Any] = {}
    for name, text in sorted(definitions):
        types.update(get_types_from_msg(text, name))
    store.register(types)
    return store


def read_recording(path: Path) -> Recording:
    """All sensor streams of a bag, on the host's clock; with the lab's truth where it was recorded.

    Raises InputError when the bag is damaged or holds no sensor data.
    """
    wanted = (messages.KEYPOINTS, messages.SKELETON, messages.IMU, messages.DEVICE_CLOCK, messages.TRIAL_MOTION)
    with open_bag(path) as reader:
        found = reader.messages(wanted)
        known = reader.topic_names
        cameras = {_device(t): _keypoint_stream(m) for t, m in found.items() if _is(m, messages.KEYPOINTS)}
        imus = {
            _device(t): _imu_stream(m) for t, m in found.items() if _is_sensor(t, messages.IMU) and _is(m, messages.IMU)
        }
        clocks = tuple(
            messages.device_clock_of(m[-1]) for t, m in sorted(found.items()) if _is(m, messages.DEVICE_CLOCK)
        )
        depth = _skeleton_stream(found[topics.KINECT_SKELETON]) if topics.KINECT_SKELETON in found else None
        truth, about = _truth(found)
    if depth is None and not cameras and not imus:
        raise InputError(f"{path} holds no sensor data; its topics are {known}")
    if about is None and topics.MOTION_TRIAL in found:
        about = found[topics.MOTION_TRIAL][-1]
    return Recording(
        depth=depth,
        cameras=dict(sorted(cameras.items())),
        imus=dict(sorted(imus.items())),
        clocks=clocks,
        truth=truth,
        action=about.action if about else "",
        athlete=about.athlete if about else "",
        trial=about.trial if about else "",
    )


def read_motion_bag(path: Path) -> Motion:
    """The fused motion of a bag: its last /motion/trial, else the skeletons on /motion/skeleton.

    Times are seconds in the trial. Raises InputError when the bag has neither.
    """
    with open_bag(path) as reader:
        found = reader.messages((messages.TRIAL_MOTION, messages.SKELETON))
        if topics.MOTION_TRIAL in found:
            return messages.motion_of_trial(found[topics.MOTION_TRIAL][-1])
        if topics.MOTION_SKELETON in found:
            return _motion_of_skeletons(found[topics.MOTION_SKELETON])
        known = reader.topic_names
        raw = any(_is_sensor(c.topic, c.msgtype) for c in reader.connections)
    missing = f"{path} has neither {topics.MOTION_TRIAL} nor {topics.MOTION_SKELETON}; its topics are {known}"
    if raw:
        raise OnlySensorsError(f"{missing}; it is a recording of sensors: run `sport fuse` on it first")
    raise InputError(missing)


def _storage_files(path: Path) -> list[Path]:
    path = path.parent if path.name == METADATA_FILE else path
    if not path.exists():
        raise InputError(f"there is no bag at {path}")
    if path.is_file():
        if path.suffix not in _STORAGE_SUFFIXES:
            raise InputError(f"{path} is not a bag: expected a folder or one of {', '.join(_STORAGE_SUFFIXES)}")
        return [path]
    if (path / METADATA_FILE).is_file():
        return _named_files(path)
    files = sorted(p for p in path.iterdir() if p.suffix in _STORAGE_SUFFIXES)
    if not files:
        raise InputError(f"{path} is not a bag: it holds neither metadata.yaml nor an .mcap or .db3 file")
    return files


def _named_files(folder: Path) -> list[Path]:
    """The files that metadata.yaml names; the folder itself where rosbag2 compressed them.

    One by one, for rosbags' reader of folders leaves out, in silence, each topic whose quality of service is not
    written alike in metadata and file.
    """
    try:
        about = yaml.safe_load((folder / METADATA_FILE).read_text(encoding="utf-8"))["rosbag2_bagfile_information"]
        if str(about.get("compression_mode", "")).lower() in _COMPRESSED_BY_ROSBAG2:
            return [folder]
        files = [folder / Path(name).name for name in about["relative_file_paths"]]
        formats = [topic["topic_metadata"]["serialization_format"] for topic in about["topics_with_message_count"]]
    except (yaml.YAMLError, *_DAMAGED) as error:
        raise InputError(
            f"{folder / METADATA_FILE} cannot be read ({type(error).__name__}); remove it, and the bag is read without"
        ) from error
    _check_format(folder, formats)
    for file in files:
        if not file.is_file():
            raise InputError(f"{folder} lacks {file.name}, which its {METADATA_FILE} names; copy the bag again, whole")
    return files


def _is_sensor(topic: str, name: str) -> bool:
    """Whether a driver of this package publishes that type there."""
    if name == messages.IMU:
        return topic.endswith(_IMU_SUFFIX)
    return name == messages.KEYPOINTS or topic == topics.KINECT_SKELETON


def _is(found: list[Any], name: str) -> bool:
    return bool(found[0].__msgtype__ == name)


def _device(topic: str) -> str:
    """`/camera_0/keypoints` to `camera_0`."""
    return topic.strip("/").rpartition("/")[0]


def _in_order(found: list[Any]) -> tuple[Array, list[Any]]:
    """Stamps (N,), strictly increasing, and their messages; of equal stamps the first."""
    stamps = np.array([messages.stamp_s(m) for m in found])
    times, first = np.unique(stamps, return_index=True)
    return times, [found[i] for i in first]


def _keypoint_stream(found: list[Any]) -> KeypointStream:
    times, found = _in_order(found)
    people = [messages.keypoints_of(m) for m in found]
    most = max((len(c) for _, c in people), default=0)
    xy = np.full((len(found), most, JOINT_COUNT, 2), np.nan)
    confidence = np.zeros((len(found), most, JOINT_COUNT))
    for i, (points, certainty) in enumerate(people):
        xy[i, : len(points)] = points
        confidence[i, : len(points)] = certainty
    return KeypointStream(times, xy, confidence)


def _skeleton_stream(found: list[Any]) -> SkeletonStream:
    times, found = _in_order(found)
    joints = [messages.skeleton_of(m) for m in found]
    return SkeletonStream(times, np.array([j[0] for j in joints]), np.array([j[1] for j in joints]))


def _imu_stream(found: list[Any]) -> ImuStream:
    times, found = _in_order(found)
    samples = [messages.imu_of(m) for m in found]
    return ImuStream(times, np.array([s[0] for s in samples]), np.array([s[1] for s in samples]))


def _motion_of_skeletons(found: list[Any]) -> Motion:
    times, found = _in_order(found)
    joints = [messages.skeleton_of(m) for m in found]
    return Motion(times - times[0], *(np.array([j[k] for j in joints]) for k in range(4)))


def _truth(found: dict[str, list[Any]]) -> tuple[Motion | None, Any]:
    """The lab's truth on the host's clock, and the message that describes the trial."""
    if topics.GROUND_TRUTH_TRIAL in found:
        about = found[topics.GROUND_TRUTH_TRIAL][-1]
        motion = messages.motion_of_trial(about)
        return motion.moved(motion.positions_m, motion.times_s + messages.stamp_s(about)), about
    if topics.GROUND_TRUTH_SKELETON in found:
        times, skeletons = _in_order(found[topics.GROUND_TRUTH_SKELETON])
        motion = _motion_of_skeletons(skeletons)
        return motion.moved(motion.positions_m, times), None
    return None, None
