"""Plays the sensors of a recorded trial again, in place of the drivers."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from rosgraph_msgs.msg import Clock

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


class ReplayNode(SportNode):
    """A bag's sensor topics as they were recorded, and their time on /clock (the others run with use_sim_time)."""

    def __init__(self) -> None:
        super().__init__("replay")
        self.parameter("rig", "lab", "Name of a rig in config/rigs, or path of a rig's YAML.")
        self.parameter("bag", "", "The rosbag2 recording: its folder, .mcap or .db3 file.")
        self.parameter("rate", 1.0, "How fast: 2 plays twice as fast.")
        self.parameter("wait_for", [""], "Nodes that must be active (as /diagnostics tells) before it begins.")

    def configure(self) -> None:
        rig = load_rig(self.value("rig"))
        self._time = self.publisher(Clock, "/clock", qos.STREAM)
        self._outputs = {t.name: self.publisher(t.message_type, t.name, t.driver_qos) for t in sensor_topics(rig)}
        self._messages = self._read(Path(self.value("bag")).expanduser())
        if self.value("rate") <= 0.0:
            raise InputError(f"rate is {self.value('rate')}, expected more than 0")

    def activate(self) -> None:
        self._stop = threading.Event()
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

    def _play(self) -> None:
        self._listeners.wait()
        begin_s, rate = self._messages[0][0] - LEAD_S, self.value("rate")
        started_s = time.monotonic()

        def wait_until(recorded_s: float) -> bool:
            """Tell the time until then; false when the node is being stopped."""
            while (now_s := begin_s + (time.monotonic() - started_s) * rate) < recorded_s:
                self._time.publish(Clock(clock=conversions.to_stamp(now_s)))
                if self._stop.wait(min(CLOCK_PERIOD_S, (recorded_s - now_s) / rate)):
                    return False
            return not self._stop.is_set()

        for recorded_s, topic, data in self._messages:
            if not wait_until(recorded_s):
                return
            self._outputs[topic].publish(data)
        wait_until(self._messages[-1][0] + TAIL_S)


def main() -> None:
    run_node(ReplayNode)


if __name__ == "__main__":
    main()
