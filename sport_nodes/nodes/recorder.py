"""Records each trial into a bag of its own."""

from __future__ import annotations

import time
from typing import Any

from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.serialization import deserialize_message
from sport_coach.msg import StageScores, Trial
from std_msgs.msg import String

from sport_nodes import __version__, topics
from sport_nodes.errors import InputError
from sport_nodes.io.bag_about import read_about
from sport_nodes.io.live_bag import DiskReserve, mend_all
from sport_nodes.nodes import qos
from sport_nodes.nodes.base import SportNode
from sport_nodes.nodes.health import OK, WARN
from sport_nodes.nodes.recorded_topics import RESULTS, RecordedTopic, recorded_topics
from sport_nodes.nodes.run import run_node
from sport_nodes.nodes.trial_bag import Heard, TrialBag
from sport_nodes.recording_days import add_to_day, remove_old_bags
from sport_nodes.rig import load_rig, rig_sha256
from sport_nodes.store import TrialStore

#: How often the recorder writes what has come [s].
POLL_S = 0.05
#: How late the onset of a trial may become known, on a busy machine [s].
LATENESS_S = 10.0
#: How often the recorder looks whether a driver came that offers best effort only [s].
DRIVERS_CHECK_S = 1.0
#: How often the recorder looks at the disk [s].
DISK_CHECK_S = 1.0
#: How often it looks for bags that are no longer kept [s].
RETENTION_CHECK_S = 600.0
#: In an athlete's folder: what this one agreed to.
CONSENT_FILE = "consent.txt"


class RecorderNode(SportNode):
    """Everything but images (unless asked) to MCAP, from before the onset until the results are in."""

    def __init__(self) -> None:
        super().__init__("recorder")
        self.parameter("rig", "lab", "Name of a rig in config/rigs, or path of a rig's YAML.")
        self.parameter("store", "", "Folder for bags; empty for the user's data directory.")
        self.parameter("images", False, "Record the cameras' images too.")
        self.parameter("preroll_s", 2.0, "A bag begins this long before the trial [s].")
        self.parameter("reserve_mb", 500.0, "Recording stops with a warning when less is free on the disk [MB].")
        self.parameter(
            "consent", "", "What the athletes agreed to, as bags say; consent.txt in an athlete's folder wins."
        )
        self.parameter("keep_days", 0.0, "Bags without labels are removed after so many days; 0 keeps them [d].")
        self.parameter("keep_gb", 0.0, "The oldest bags without labels are removed beyond this; 0 keeps them [GB].")
        self.parameter("results_within_s", 10.0, "A bag is closed this long after the trial at the latest [s].")

    def configure(self) -> None:
        rig = load_rig(self.value("rig"))
        self._topics = recorded_topics(rig, images=self.value("images"))
        self._about = {"software": f"sport_coach {__version__}", "rig": rig.name, "rig_sha256": rig_sha256(rig)}
        self._store = TrialStore.at(self.value("store"))
        self._store.root.mkdir(parents=True, exist_ok=True)
        self._reserve = DiskReserve(self._store.root, int(self.value("reserve_mb") * 1e6))
        self._path = self.publisher(String, topics.RECORD_PATH, qos.RESULT)

    def activate(self) -> None:
        for path, messages in mend_all(self._store.root):
            self.get_logger().warning(f"{path} was left unfinished and is mended: {messages} messages")
            add_to_day(self._store.root, path, read_about(path), ended_s=time.time())
        self._remove_old()
        self._bag = TrialBag(self.value("preroll_s") + LATENESS_S)
        self._trial: Any = None
        self._results: set[str] = set()
        self._heard: list[Heard] = []
        self._close_at_s = float("inf")
        self._listening: dict[str, QoSProfile] = {}
        for topic in self._topics:
            self._listen(topic, topic.qos)
        self._check_disk()
        self.every(DRIVERS_CHECK_S, self._follow_drivers)
        self.every(DISK_CHECK_S, self._check_disk)
        self.every(RETENTION_CHECK_S, self._remove_old)
        self.every(POLL_S, self._poll)

    def deactivate(self) -> None:
        self._finish()

    def _listen(self, topic: RecordedTopic, quality: QoSProfile) -> None:
        def take(data: bytes, received_s: float) -> None:
            if self._listening[topic.name] is quality:
                self._heard.append(Heard(topic.name, topic.type_name, data, received_s))

        self._listening[topic.name] = quality
        self.subscribe(topic.message_type, topic.name, take, quality, raw=True, polled=True)

    def _follow_drivers(self) -> None:
        """The recorder asks for reliable delivery; a driver that offers less is heard all the same."""
        for topic in self._topics:
            if self._listening[topic.name].reliability == ReliabilityPolicy.BEST_EFFORT:
                continue
            offered = [found.qos_profile.reliability for found in self.get_publishers_info_by_topic(topic.name)]
            if ReliabilityPolicy.BEST_EFFORT in offered:
                self._listen(topic, qos.SENSOR_IN)

    def _remove_old(self) -> None:
        days, size = self.value("keep_days"), self.value("keep_gb") * 1e9
        for bag in remove_old_bags(self._store.root, keep_days=days, keep_bytes=size, now_s=time.time()):
            self.get_logger().info(f"{bag} is removed: the store keeps {days:g} days and {size / 1e9:g} GB (0: all)")

    def _check_disk(self) -> None:
        self._stop_recording(self._reserve.shortage())

    def _stop_recording(self, shortage: str) -> None:
        """Close the open bag, where there is a shortage; say so for as long as it lasts."""
        self._shortage = shortage
        self.health.condition("disk", WARN if shortage else OK, shortage)
        if shortage and self._trial is not None:
            self.get_logger().warning(shortage)
            self._bag.tell(stopped=shortage)
            self._finish()

    def _poll(self) -> None:
        self.take_polled()
        heard_now, self._heard = sorted(self._heard, key=lambda h: h.time_s), []
        for heard in heard_now:
            try:
                self._take(heard)
            except InputError as error:
                self.health.rejected(heard.topic, str(error))
            except OSError as error:
                self._stop_recording(f"not recording: {error}; make room on the disk of {self._store.root}")
        ended = self._close_at_s < float("inf")
        if (ended and self._results.issuperset(RESULTS)) or time.monotonic() > self._close_at_s:
            self._finish()

    def _take(self, heard: Heard) -> None:
        self._bag.add(heard)
        if heard.topic == topics.TRIAL_STATE:
            self._on_state(deserialize_message(heard.data, Trial))
        elif heard.topic in RESULTS:
            self._results.add(heard.topic)
            if heard.topic == topics.SCORE_TRIAL:
                self._bag.tell(model=deserialize_message(heard.data, StageScores).model)

    def _on_state(self, trial: Any) -> None:
        if trial.state == Trial.RUNNING:
            self._finish()
            if self._shortage:
                raise InputError(f"trial {trial.id} is not recorded; {self._shortage}")
            path = self._store.folder(athlete=trial.athlete, trial=trial.id) / "bag"
            about = {**self._about, "athlete": trial.athlete, "action": trial.action, "trial": trial.id}
            agreed = path.parents[1] / CONSENT_FILE
            about["consent"] = agreed.read_text("utf-8").strip() if agreed.is_file() else self.value("consent")
            self._trial = trial
            self._bag.begin(path, trial.begin_s - self.value("preroll_s"), about)
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
        try:
            path = self._bag.finish()
        except OSError as error:
            self.get_logger().warning(f"a bag could not be closed ({error}); it is mended at the next start")
            return
        if path is not None:
            add_to_day(self._store.root, path, read_about(path), ended_s=time.time())
            self._path.publish(String(data=str(path.resolve())))


def main() -> None:
    run_node(RecorderNode)


if __name__ == "__main__":
    main()
