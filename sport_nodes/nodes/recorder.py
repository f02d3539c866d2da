"""Records each trial into a bag of its own."""

from __future__ import annotations

import time
from typing import Any

from rclpy.serialization import deserialize_message
from sport_coach.msg import Trial
from std_msgs.msg import String

from sport_nodes import topics
from sport_nodes.nodes import qos
from sport_nodes.nodes.base import SportNode
from sport_nodes.nodes.recorded_topics import RESULTS, RecordedTopic, recorded_topics
from sport_nodes.nodes.run import run_node
from sport_nodes.nodes.trial_bag import Heard, TrialBag
from sport_nodes.rig import load_rig
from sport_nodes.store import TrialStore

#: How often the recorder writes what has come [s].
POLL_S = 0.05
#: How late the onset of a trial may become known, on a busy machine [s].
LATENESS_S = 10.0


class RecorderNode(SportNode):
    """Everything but images (unless asked) to MCAP, from before the onset until the results are in."""

    def __init__(self) -> None:
        super().__init__("recorder")
        self.parameter("rig", "lab", "Name of a rig in config/rigs, or path of a rig's YAML.")
        self.parameter("store", "", "Folder for bags; empty for the user's data directory.")
        self.parameter("images", False, "Record the cameras' images too.")
        self.parameter("preroll_s", 2.0, "A bag begins this long before the trial [s].")
        self.parameter("results_within_s", 10.0, "A bag is closed this long after the trial at the latest [s].")

    def configure(self) -> None:
        self._topics = recorded_topics(load_rig(self.value("rig")), images=self.value("images"))
        self._store = TrialStore.at(self.value("store"))
        self._path = self.publisher(String, topics.RECORD_PATH, qos.RESULT)

    def activate(self) -> None:
        self._bag = TrialBag(self.value("preroll_s") + LATENESS_S)
        self._trial: Any = None
        self._results: set[str] = set()
        self._heard: list[Heard] = []
        self._close_at_s = float("inf")
        for topic in self._topics:
            self.subscribe(topic.message_type, topic.name, self._taker(topic), topic.qos, raw=True, polled=True)
        self.every(POLL_S, self._poll)

    def deactivate(self) -> None:
        self._finish()

    def _taker(self, topic: RecordedTopic) -> Any:
        return lambda data, received_s: self._heard.append(Heard(topic.name, topic.type_name, data, received_s))

    def _poll(self) -> None:
        self.take_polled()
        for heard in sorted(self._heard, key=lambda h: h.time_s):
            self._bag.add(heard)
            if heard.topic == topics.TRIAL_STATE:
                self._on_state(deserialize_message(heard.data, Trial))
            elif heard.topic in RESULTS:
                self._results.add(heard.topic)
        self._heard.clear()
        ended = self._close_at_s < float("inf")
        if (ended and self._results.issuperset(RESULTS)) or time.monotonic() > self._close_at_s:
            self._finish()

    def _on_state(self, trial: Any) -> None:
        if trial.state == Trial.RUNNING:
            self._finish()
            path = self._store.folder(athlete=trial.athlete, trial=trial.id) / "bag"
            self._bag.begin(path, trial.begin_s - self.value("preroll_s"))
            self._trial = trial
            self._results.clear()
        elif self._trial is None or trial.id != self._trial.id:
            return
        elif trial.state == Trial.REJECTED:
            self._trial = None
            self._bag.discard()
        elif trial.state == Trial.FINISHED:
            self._close_at_s = time.monotonic() + self.value("results_within_s")

    def _finish(self) -> None:
        self._trial, self._close_at_s = None, float("inf")
        path = self._bag.finish()
        if path is not None:
            self._path.publish(String(data=str(path.resolve())))


def main() -> None:
    run_node(RecorderNode)


if __name__ == "__main__":
    main()
