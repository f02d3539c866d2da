"""Plays the sensors of a recorded trial again, in place of the drivers."""

from __future__ import annotations

import math
import threading
import time
from pathlib import Path
from typing import Any

from rosgraph_msgs.msg import Clock
from sport_coach.msg import Skeleton3D

from sport_nodes import topics
from sport_nodes.errors import InputError
from sport_nodes.io.bag import open_bag
from sport_nodes.nodes import conversions, qos
from sport_nodes.nodes.background import Background
from sport_nodes.nodes.base import SportNode
from sport_nodes.nodes.recorded_topics import sensor_topics
from sport_nodes.nodes.run import run_node
from sport_nodes.nodes.waiting import ActiveNodes
from sport_nodes.rig import load_rig

#: How often the recorded time is told [s].
CLOCK_PERIOD_S = 0.01
#: How long the graph sees a standing clock before the first message, and a running one after the last [s].
LEAD_S = 0.5
TAIL_S = 3.0
#: How far the recorded time may be ahead of the fused frames [s]: the aligner waits 0.12 s for a late device, and a
#: 200 Hz IMU must not fill its queue of a second.
AHEAD_S = 0.25
#: Where no frame comes for so long, as without cameras, the recorded time goes on all the same by a queue's second [s].
PATIENCE_S = 5.0
WITHOUT_FRAMES_S = 1.0


class ReplayNode(SportNode):
    """A bag's sensor topics as they were recorded, and their time on /clock (the others run with use_sim_time)."""

    def __init__(self) -> None:
        super().__init__("replay")
        self.parameter("rig", "lab", "Name of a rig in config/rigs, or path of a rig's YAML.")
        self.parameter("bag", "", "The rosbag2 recording: its folder, .mcap or .db3 file.")
        self.parameter("rate", 1.0, "How fast: 2 plays twice as fast; 0 as fast as the graph follows.")
        self.parameter("wait_for", [""], "Nodes that must be active (as /diagnostics tells) before it begins.")

    def configure(self) -> None:
        rig = load_rig(self.value("rig"))
        self._time = self.publisher(Clock, "/clock", qos.STREAM)
        self._outputs = {t.name: self.publisher(t.message_type, t.name, t.driver_qos) for t in sensor_topics(rig)}
        self._messages = self._read(Path(self.value("bag")).expanduser())
        if self.value("rate") < 0.0:
            raise InputError(f"rate is {self.value('rate')}, expected 0 or more")

    def activate(self) -> None:
        self._stop, self._fused = threading.Event(), threading.Event()
        self._fused_s = math.inf
        self.subscribe(Skeleton3D, topics.MOTION_SKELETON, self._on_skeleton, qos.STREAM)
        self._listeners = ActiveNodes(self, self.value("wait_for"))
        self._work = Background(self, "playing")
        self._work.submit(self._play, lambda _: self.get_logger().info("played to its end"))

    def deactivate(self) -> None:
        self._stop.set()
        self._listeners.release()
        self._work.close()

    def _read(self, path: Path) -> list[tuple[float, str, bytes]]:
        """Time of recording, topic and serialized message, in order."""
        with open_bag(path) as reader:
            found = reader.serialized(self._outputs)
        if not found:
            raise InputError(f"{path} holds none of the sensors of rig '{self.value('rig')}'")
        return found

    def _on_skeleton(self, message: Any) -> None:
        self._fused_s = conversions.from_stamp(message.header.stamp)
        self._fused.set()

    def _play(self) -> None:
        self._listeners.wait()
        first_s, last_s = self._messages[0][0], self._messages[-1][0]
        self._fused_s, self._told_s = first_s, first_s - LEAD_S
        # However fast the messages come, what leads up to them and what follows take their time.
        rate = self.value("rate") or math.inf
        self._go_on(min(rate, 1.0))
        self._tell_until(first_s)
        self._go_on(rate)
        for recorded_s, topic, data in self._messages:
            self._tell_until(recorded_s)
            self._wait_for(recorded_s)
            if self._stop.is_set():
                return
            self._outputs[topic].publish(data)
        self._fused_s = math.inf  # there is nothing to wait for
        self._go_on(min(rate, 1.0))
        self._tell_until(last_s + TAIL_S)

    def _go_on(self, rate: float) -> None:
        """From the time that was told last, at this rate."""
        self._rate, self._from_s, self._started_s = rate, self._told_s, time.monotonic()

    def _tell_until(self, recorded_s: float) -> None:
        """Tell the time every CLOCK_PERIOD_S, up to this one."""
        while self._told_s + CLOCK_PERIOD_S <= recorded_s and not self._stop.is_set():
            self._wait_for(self._told_s + CLOCK_PERIOD_S)
            self._told_s += CLOCK_PERIOD_S
            self._time.publish(Clock(clock=conversions.to_stamp(self._told_s)))

    def _wait_for(self, recorded_s: float) -> None:
        """Until this time is due, and the fused frames are near."""
        due_s = self._started_s + (recorded_s - self._from_s) / self._rate
        if (left_s := due_s - time.monotonic()) > 0.0:
            self._stop.wait(left_s)
        while recorded_s > self._fused_s + AHEAD_S and not self._stop.is_set():
            self._fused.clear()
            if recorded_s > self._fused_s + AHEAD_S and not self._fused.wait(PATIENCE_S):
                self._fused_s = recorded_s + WITHOUT_FRAMES_S - AHEAD_S


def main() -> None:
    run_node(ReplayNode)


if __name__ == "__main__":
    main()
