"""A serial IMU without one: a pseudo-terminal on which frames come at their rate, with noise, loss and unplugging."""

from __future__ import annotations

import binascii
import math
import os
import pty
import threading
import time
import tty
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from sport_nodes.capture.imu_protocols import OwnFrameParser

#: A cut-off cable leaves so much of a frame [bytes].
HALF_FRAME: Final = 30
#: Before a cable is pulled, what is on the line is read, if it is read at all within this time [s].
DRAIN_S: Final = 1.0
LONGEST_NOISE: Final = 200


@dataclass(frozen=True)
class Disturbance:
    """Of so many frames in all: noise before a frame, a bit turned over in one, one that never comes; seconds between
    two times that the cable is pulled, and for how long it stays away."""

    noise: float = 0.02
    damaged: float = 0.01
    missing: float = 0.01
    unplugged_every_s: float = 60.0
    away_s: float = 2.0


class SerialLine:
    """Plays one IMU of this project's own frame into `path`, a link to a terminal that changes with every replugging.

    received: where a reader may put the sequence numbers that it gets; then a cable is pulled when the last frame has
    come. intact: the numbers whose frame went over the line whole, one array each time that it was plugged in.
    """

    def __init__(self, path: Path, *, rate_hz: float, seed: int, disturbance: Disturbance) -> None:
        self.path = path
        self.received = array("I")
        self.intact: list[array[int]] = []  # four bytes a frame: ten minutes are a million of them
        self._rate_hz = rate_hz
        self._rng = np.random.default_rng(seed)
        self._disturbance = disturbance
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._master = self._slave = -1
        self._plug()

    def start(self) -> None:
        self._thread.start()

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    def keep_plugged(self) -> None:
        """From now on the cable stays."""
        self._disturbance = replace(self._disturbance, unplugged_every_s=math.inf)

    def lost(self) -> list[int]:
        """Intact frames that were not received, but those of each plugging that came before the first one received:
        then the port was not open yet."""
        got = set(self.received)
        missing: list[int] = []
        for sent in self.intact:
            first = next((i for i, sequence in enumerate(sent) if sequence in got), len(sent))
            missing += [sequence for sequence in sent[first:] if sequence not in got]
        return missing

    def stop(self) -> None:
        """Ends the player; returns when what it sent has had time to be read."""
        self._stop.set()
        self._thread.join()
        self._drain()

    def close(self) -> None:
        """Pulls the cable for good."""
        self._unplug()

    def _run(self) -> None:
        begin_s = plugged_s = time.monotonic()
        sequence = 0
        while not self._stop.is_set():
            due_s = begin_s + sequence / self._rate_hz
            time.sleep(max(0.0, due_s - time.monotonic()))
            self._send(sequence)
            sequence += 1
            if time.monotonic() - plugged_s > self._disturbance.unplugged_every_s:
                self._pull(sequence)
                plugged_s = time.monotonic()
                sequence = int(self._rate_hz * (plugged_s - begin_s))  # what it measured meanwhile never goes out

    def _send(self, sequence: int) -> None:
        noise, damaged, missing = self._rng.random(3) < [
            self._disturbance.noise,
            self._disturbance.damaged,
            self._disturbance.missing,
        ]
        if noise:
            os.write(self._master, self._rng.bytes(int(self._rng.integers(1, LONGEST_NOISE))))
        if missing:
            return
        frame = bytearray(own_frame(sequence, sequence / self._rate_hz))
        if damaged:
            frame[int(self._rng.integers(len(frame)))] ^= 1 << int(self._rng.integers(8))
        else:
            self.intact[-1].append(sequence)
        os.write(self._master, frame)

    def _pull(self, sequence: int) -> None:
        self._drain()
        os.write(self._master, own_frame(sequence, 0.0)[:HALF_FRAME])
        self._unplug()
        time.sleep(self._disturbance.away_s)
        self._plug()

    def _drain(self) -> None:
        """Until the reader has the last frame: the kernel of a busy machine keeps some for a while."""
        end_s = time.monotonic() + DRAIN_S
        while self.received and self.intact[-1] and time.monotonic() < end_s:
            if self.received[-1] >= self.intact[-1][-1]:
                return
            time.sleep(0.001)

    def _plug(self) -> None:
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        self.intact.append(array("I"))
        self.path.symlink_to(os.ttyname(self._slave))

    def _unplug(self) -> None:
        self.path.unlink()
        os.close(self._slave)
        os.close(self._master)


def own_frame(sequence: int, time_s: float, vectors: Sequence[float] = (0.0, 0.0, 0.0, 0.0, 0.0, 9.8)) -> bytes:
    """A frame of `imu_protocols.OwnFrameParser`: angular rate [rad/s], specific force [m/s^2]."""
    upright = (0.0, 0.0, 0.0, 1.0)
    body = OwnFrameParser.LAYOUT.pack(
        OwnFrameParser.SYNC, sequence, round(time_s * 1e6), *vectors, *upright, 30.5, 90, 0
    )
    return body + OwnFrameParser.CRC.pack(binascii.crc_hqx(body, 0xFFFF))
