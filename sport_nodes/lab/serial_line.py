"""A serial IMU without one: a pseudo-terminal on which frames come at their rate, with noise, loss and unplugging."""

from __future__ import annotations

import binascii
import fcntl
import os
import pty
import termios
import threading
import time
import tty
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from sport_nodes.capture.imu_protocols import OwnFrameParser

#: A cut-off cable leaves so much of a frame [bytes].
HALF_FRAME: Final = 30
#: Before a cable is pulled, what is on the line is read, if it is read at all within this time [s].
DRAIN_S: Final = 3.0
#: What was written is in the reader's queue after this, and what the reader took from there is in its hands [s].
ON_ITS_WAY_S: Final = 0.05
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

    intact: the sequence numbers whose frame went over the line whole, one array each time that it was plugged in.
    """

    def __init__(self, path: Path, *, rate_hz: float, seed: int, disturbance: Disturbance) -> None:
        self.path = path
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

    def lost(self, received: Sequence[int]) -> list[int]:
        """Intact frames that were not received, but those of each plugging that came before the first one received:
        then the port was not open yet."""
        got = set(received)
        missing: list[int] = []
        for sent in self.intact:
            first = next((i for i, sequence in enumerate(sent) if sequence in got), 0)
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
        time.sleep(ON_ITS_WAY_S)
        end_s, waiting = time.monotonic() + DRAIN_S, bytearray(4)
        while time.monotonic() < end_s:
            fcntl.ioctl(self._slave, termios.FIONREAD, waiting)
            if not any(waiting):
                time.sleep(ON_ITS_WAY_S)
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
