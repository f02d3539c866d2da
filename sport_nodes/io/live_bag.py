"""A bag that outlives its recorder: on disk within FLUSH_S, and mended when the recorder was killed."""

from __future__ import annotations

import fcntl
import json
import shutil
import struct
import tempfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Final

import zstandard
from mcap.exceptions import McapError
from mcap.records import Channel, Message, Schema
from mcap.stream_reader import StreamReader

from sport_nodes.errors import InputError
from sport_nodes.io.bag import BagWriter
from sport_nodes.io.bag_about import METADATA_FILE

#: What has come is handed to the operating system this often, in the time of the messages [s].
FLUSH_S: Final = 0.5
#: In the bag's folder while it is recorded: what is known about it. Its recorder holds a lock on it.
UNFINISHED_FILE: Final = "unfinished.json"
#: What reading a file raises where it was cut off.
_CUT_OFF: Final = (McapError, zstandard.ZstdError, zlib.error, struct.error, UnicodeDecodeError, EOFError, ValueError)


class LiveBag:
    """Writes an MCAP bag with zstd chunks; about: what its metadata.yaml is to say. Raises InputError as BagWriter."""

    def __init__(self, path: Path, about: Mapping[str, str]) -> None:
        self.path = path
        self._about = dict(about)
        self._writer = BagWriter(path, compressed=True)
        self._flushed_s = float("-inf")
        self._lock: IO[str] = (path / UNFINISHED_FILE).open("w", encoding="utf-8")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        self.tell({})

    def tell(self, more: Mapping[str, str]) -> None:
        """Add to what the bag says about itself."""
        self._about |= more
        # Over the old text in one write, without a moment in which it is gone: a mender reads the first object.
        self._lock.seek(0)
        self._lock.write(json.dumps(self._about) + "\n")
        self._lock.flush()

    def write(self, topic: str, message_type: str, data: bytes | memoryview, time_s: float) -> None:
        """Append a serialized message. Raises OSError when the disk is full."""
        self._writer.write_serialized(topic, message_type, data, time_s)
        if time_s - self._flushed_s >= FLUSH_S:
            self.flush()
            self._flushed_s = time_s

    def flush(self) -> None:
        """Hand over what was written: from here on it outlives this process."""
        self._writer.flush()

    def close(self) -> None:
        """Finish the bag; leaves it unfinished, to be mended, when the disk is full (OSError)."""
        try:
            self._writer.close(self._about)
            (self.path / UNFINISHED_FILE).unlink(missing_ok=True)
        finally:
            self._lock.close()


def mend_all(root: Path) -> list[tuple[Path, int]]:
    """Mend every bag under the root that a recorder left unfinished and none is writing now; with its messages."""
    return [
        (path.parent, messages)
        for path in sorted(root.rglob(UNFINISHED_FILE))
        if (messages := mend(path.parent)) is not None
    ]


def mend(bag: Path) -> int | None:
    """Make an unfinished bag whole from what reached the disk; how many messages. None while it is being recorded."""
    marker = bag / UNFINISHED_FILE
    with marker.open("r", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return None
        try:
            about = json.loads(lock.readline())
        except ValueError:
            about = {}  # killed before it was written
        count = 0
        file = bag / f"{bag.name}.mcap"
        # Written aside, then each file put in place at once: stopped anywhere, the next start mends again.
        with tempfile.TemporaryDirectory(prefix=".mend_", dir=bag.parent) as folder:
            whole = Path(folder) / bag.name
            writer = BagWriter(whole, compressed=True)
            if file.is_file():
                count = _copy_messages(file, writer)
            writer.close({**about, "mended": f"{count} messages"})
            for name in (file.name, METADATA_FILE):
                (whole / name).replace(bag / name)
        marker.unlink()
        return count


def _copy_messages(file: Path, writer: BagWriter) -> int:
    """The messages of all whole chunks, up to where the file was cut off."""
    schemas: dict[int, str] = {}
    channels: dict[int, Channel] = {}
    count = 0
    with file.open("rb") as stream:
        try:
            for record in StreamReader(stream, record_size_limit=file.stat().st_size).records:
                if isinstance(record, Schema):
                    schemas[record.id] = record.name
                elif isinstance(record, Channel):
                    channels[record.id] = record
                elif isinstance(record, Message):
                    channel = channels[record.channel_id]
                    writer.write_at(channel.topic, schemas[channel.schema_id], record.data, record.log_time)
                    count += 1
        except _CUT_OFF:
            return count
    return count


class DiskReserve:
    """Whether there is room to record. reserve_bytes: what is to stay free at the store."""

    def __init__(self, root: Path, reserve_bytes: int) -> None:
        if reserve_bytes < 0:
            raise InputError(f"the disk's reserve is 0 or more bytes, found {reserve_bytes}")
        self._root, self._reserve_bytes = root, reserve_bytes

    def shortage(self) -> str:
        """Why nothing is recorded, in words; "" where there is room."""
        free = shutil.disk_usage(self._root).free
        if free >= self._reserve_bytes:
            return ""
        return (
            f"not recording: {free / 1e6:.0f} MB are free at {self._root}, {self._reserve_bytes / 1e6:.0f} MB are "
            "kept in reserve; move recordings to another disk"
        )
