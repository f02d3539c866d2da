"""The simulated lab in place of the drivers: plays trials live."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

from sport_nodes import topics
from sport_nodes.io.motion_files import read_motion
from sport_nodes.lab.player import LabPlayer
from sport_nodes.lab.simulate import simulate
from sport_nodes.nodes import conversions, qos
from sport_nodes.nodes.background import Background
from sport_nodes.nodes.base import SportNode
from sport_nodes.nodes.lab_messages import TIME_INSIDE, message_of, topics_of
from sport_nodes.nodes.run import run_node
from sport_nodes.nodes.waiting import ActiveNodes
from sport_nodes.rig import load_rig

#: What is due within this time is sent together: the machine sleeps no shorter [s].
TICK_S = 0.002


class LabNode(SportNode):
    """Keypoints, depth skeletons, IMU samples, clocks and the truth, as and when real devices would send them."""

    def __init__(self) -> None:
        super().__init__("lab")
        self.parameter("rig", "lab", "Name of a rig in config/rigs, or path of a rig's YAML.")
        self.parameter("action", "standing_long_jump", "The movement that the simulated athlete performs.")
        self.parameter("seed", 1, "Of athlete and sensors; each further trial adds one.")
        self.parameter("faults", [""], "Named technical faults of the simulated athlete.")
        self.parameter("severity", 1.0, "How strong the faults are: 0 none, 1 as named.")
        self.parameter("scenario", "default", "What goes wrong with the sensors; see sport_nodes/lab/scenarios.py.")
        self.parameter("motion", "", "Path of a recorded motion to play instead of a simulated athlete.")
        self.parameter("trials", 1, "How many trials to play; 0 plays until the node is stopped.")
        self.parameter("start_delay_s", 0.5, "Pause before each trial [s].")
        self.parameter("wait_for", [""], "Nodes that must be active (as /diagnostics tells) before the first trial.")

    def configure(self) -> None:
        self._rig = load_rig(self.value("rig"))
        self._outputs = {
            topic: self.publisher(message_type, topic, self._qos(topic))
            for topic, message_type in topics_of(self._rig).items()
        }

    def activate(self) -> None:
        self._stop = threading.Event()
        self._listeners = ActiveNodes(self, self.value("wait_for"))
        self._work = Background(self, "playing")
        self._next(0)

    def deactivate(self) -> None:
        self._stop.set()
        self._listeners.release()
        self._work.close()

    @staticmethod
    def _qos(topic: str) -> Any:
        return qos.RESULT if topic == topics.GROUND_TRUTH_TRIAL else qos.SENSOR_OUT

    def _next(self, index: int) -> None:
        if self._stop.is_set() or 0 < self.value("trials") <= index:
            self.health.figure("trials played", str(index))
            return
        self._work.submit(lambda: self._play(index), lambda _: self._next(index + 1))

    def _play(self, index: int) -> None:
        seed = self.value("seed") + index
        player = LabPlayer(
            self._source(seed), self._rig, seed=seed, scenario=self.value("scenario"), action=self.value("action")
        )
        # Messages are made before the trial begins; while it runs they only get their stamps.
        ready = [message_of(item, self._rig) for item in player.play(time.time())]
        self._listeners.wait()
        if self._stop.wait(self.value("start_delay_s")):
            return
        begin_s = self.now_s()
        self.get_logger().info(f"playing {player.trial}, {player.duration_s:.1f} s")
        for (topic, message), item in zip(ready, player.play(begin_s), strict=True):
            wait_s = begin_s + item.due_s - self.now_s()
            if wait_s > TICK_S and self._stop.wait(wait_s):
                return
            if item.kind in TIME_INSIDE:
                _, message = message_of(item, self._rig)
            else:
                message.header.stamp = conversions.to_stamp(item.stamp_s)
            self._outputs[topic].publish(message)

    def _source(self, seed: int) -> Any:
        if self.value("motion"):
            return read_motion(Path(self.value("motion")).expanduser())
        return simulate(
            self.value("action"), seed=seed, faults=tuple(self.value("faults")), severity=self.value("severity")
        )


def main() -> None:
    run_node(LabNode)


if __name__ == "__main__":
    main()
