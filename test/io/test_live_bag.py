"""A recorder that is killed: the bag is mended and lacks no more than the last second. A disk that fills up is told."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import time
from collections import namedtuple
from pathlib import Path

import pytest

from sport_nodes.errors import InputError
from sport_nodes.io import bag_messages as messages
from sport_nodes.io.bag import open_bag
from sport_nodes.io.bag_about import read_about
from sport_nodes.io.live_bag import UNFINISHED_FILE, DiskReserve, LiveBag, mend, mend_all

STRING = "std_msgs/msg/String"
ABOUT = {"athlete": "kestrel", "action": "free_throw"}
# A study sets it to 100.
KILLS = int(os.environ.get("SPORT_RECORDER_KILLS", "5"))
AT_ONCE = 5
LARGEST_LOSS_S = 1.0

# Writes 500 messages a second, and says of each when it was written.
RECORDER = """
import sys, time
from pathlib import Path
from sport_nodes.io import bag_messages as messages
from sport_nodes.io.live_bag import LiveBag
bag = LiveBag(Path(sys.argv[1]), {"athlete": "kestrel"})
store = messages.typestore()
data = bytes(store.serialize_cdr(store.types["std_msgs/msg/String"](data="x" * 400), "std_msgs/msg/String"))
while True:
    now = time.time()
    bag.write("/words", "std_msgs/msg/String", data, now)
    print(now, flush=True)
    time.sleep(0.002)
"""


def text(words: str) -> bytes:
    store = messages.typestore()
    return bytes(store.serialize_cdr(store.types[STRING](data=words), STRING))


def times_in(bag: Path) -> list[float]:
    with open_bag(bag) as reader:
        return [time_s for time_s, _, _ in reader.serialized(["/words"])]


def test_a_killed_recorder_loses_no_more_than_the_last_second(tmp_path: Path) -> None:
    rng = random.Random(1)
    for begin in range(0, KILLS, AT_ONCE):
        bags = [tmp_path / f"trial{begin + i}" / "bag" for i in range(min(AT_ONCE, KILLS - begin))]
        running = []
        for bag in bags:
            bag.parent.mkdir()
            command = [sys.executable, "-c", RECORDER, str(bag)]
            running.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        written = [[float(process.stdout.readline())] for process in running]
        for process, lines in zip(running, written, strict=True):
            time.sleep(rng.uniform(0.0, 0.6))
            process.kill()
            rest = process.communicate()[0].splitlines()
            lines += [float(line) for line in rest if "." in line]
        assert [bag for bag, _ in mend_all(tmp_path)] == sorted(bags)
        for bag, times in zip(bags, written, strict=True):
            kept = times_in(bag)
            assert kept == pytest.approx(times[: len(kept)], abs=1e-6)
            assert times[-1] - kept[-1] < LARGEST_LOSS_S
            about = read_about(bag)
            assert (about["athlete"], about["mended"]) == ("kestrel", f"{len(kept)} messages")
            assert sorted(p.name for p in bag.iterdir()) == ["bag.mcap", "metadata.yaml"]
            assert [p.name for p in bag.parent.iterdir()] == ["bag"]


def test_cut_off_anywhere_a_bag_is_mended_to_a_readable_one(tmp_path: Path) -> None:
    bag = LiveBag(tmp_path / "whole", ABOUT)
    for number in range(40):
        bag.write("/words", STRING, text("word " * number), 100.0 + 0.1 * number)
    bag.flush()
    whole = (tmp_path / "whole" / "whole.mcap").read_bytes()
    bag.close()
    counts = []
    for length in sorted({0, 3, 8, 20, *random.Random(2).sample(range(len(whole)), 20), len(whole)}):
        cut = tmp_path / str(length)
        cut.mkdir()
        (cut / f"{length}.mcap").write_bytes(whole[:length])
        (cut / UNFINISHED_FILE).write_text('{"athlete": "kes' if length < 20 else '{"athlete": "kestrel"}\n{old')
        counts.append(mend(cut))
        assert times_in(cut) == pytest.approx([100.0 + 0.1 * i for i in range(counts[-1])], abs=1e-6)
        assert read_about(cut).get("athlete") == (None if length < 20 else "kestrel")
    assert counts == sorted(counts)
    assert (counts[0], counts[-1]) == (0, 40)


def test_a_bag_that_is_being_recorded_is_left_alone_and_a_finished_one_says_what_it_is(tmp_path: Path) -> None:
    bag = LiveBag(tmp_path / "bag", ABOUT)
    bag.write("/words", STRING, text("one"), 1.0)
    assert mend_all(tmp_path) == []
    bag.tell({"model": "scorer 0123"})
    bag.close()
    assert read_about(tmp_path / "bag") == {**ABOUT, "model": "scorer 0123"}
    assert times_in(tmp_path / "bag") == pytest.approx([1.0])
    assert mend_all(tmp_path) == []
    with pytest.raises(InputError, match="new folder"):
        LiveBag(tmp_path / "bag", ABOUT)


def test_the_reserve_of_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    free = 60_000_000
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(100_000_000, 100_000_000 - free, free))
    reserve = DiskReserve(tmp_path, 50_000_000)
    assert reserve.shortage() == ""
    free = 49_000_000
    assert "49 MB are free" in reserve.shortage()
    with pytest.raises(InputError):
        DiskReserve(tmp_path, -1)
