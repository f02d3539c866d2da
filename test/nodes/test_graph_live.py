"""The real graph in processes: a trial goes through it, nonsense does not stop it, a dead node takes up again."""

from __future__ import annotations

import math
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sensor_msgs.msg import Imu
from sport_coach.msg import Keypoints2D, Person2D, Skeleton3D, Trial
from sport_coach.srv import EraseAthlete, SelectAthlete, StartTrial, StopTrial
from std_msgs.msg import String

from sport_nodes import topics
from sport_nodes.graph import LAB, GraphSettings, nodes_of
from sport_nodes.io.bag import read_motion_bag, read_recording
from sport_nodes.lab.simulate import simulate
from sport_nodes.nodes import conversions, qos
from sport_nodes.nodes.watch import GraphWatch
from sport_nodes.up import Supervisor, free_domain, localhost_only

ACTION, SEED, FAULTS = "standing_long_jump", 7, ("weak_arm_swing",)
#: Generous: other work may share the machine.
PATIENCE_S = 90.0
RESULTS = (topics.SCORE_TRIAL, topics.KEYFRAMES, topics.DIAGNOSIS, topics.COACH_REPORT)


class Graph:
    """The running graph and who watches it; every test of this file shares one."""

    def __init__(self, supervisor: Supervisor, watch: GraphWatch, store: Path) -> None:
        self.supervisor, self.watch, self.store = supervisor, watch, store
        self.states: list[Any] = []

    def until(self, done: Callable[[], bool], what: str) -> None:
        end_s = time.monotonic() + PATIENCE_S
        while not done():
            assert time.monotonic() < end_s, f"waited {PATIENCE_S:.0f} s for {what}"
            self.supervisor.poll()
            self.watch.spin(0.1)

    def ask(self, service_type: Any, name: str, **request: Any) -> Any:
        client = self.watch.node.create_client(service_type, name)
        self.until(client.service_is_ready, name)
        answer = client.call_async(service_type.Request(**request))
        self.until(answer.done, f"an answer of {name}")
        self.watch.node.destroy_client(client)
        return answer.result()

    def value(self, node: str, key: str) -> str:
        status = self.watch.diagnostics.get(node)
        return next((pair.value for pair in status.values if pair.key == key), "") if status else ""


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Graph]:
    store = tmp_path_factory.mktemp("store")
    os.environ.update(localhost_only(), ROS_DOMAIN_ID=str(free_domain()))
    settings = GraphSettings(
        ACTION, source=LAB, record=True, store=str(store), lab={"seed": SEED, "faults": list(FAULTS)}
    )
    nodes = nodes_of(settings)
    lines: list[str] = []
    states: list[Any] = []

    def hear(topic: str, message: Any) -> None:
        if topic == topics.TRIAL_STATE:
            states.append(message)

    with Supervisor(nodes, listener=lambda n, line: lines.append(f"[{n}] {line}")) as supervisor, GraphWatch(hear) as w:
        running = Graph(supervisor, w, store)
        running.states = states
        wanted = {topics.REPORT_PATH, topics.RECORD_PATH, topics.GROUND_TRUTH_TRIAL, *RESULTS}
        running.until(lambda: wanted <= w.last.keys(), "the results of the trial")
        yield running
    assert not [line for line in lines if "Traceback" in line], "\n".join(lines)


def test_the_trial_is_the_one_that_was_played(graph: Graph) -> None:
    truth = graph.watch.last[topics.GROUND_TRUTH_TRIAL]
    simulated = simulate(ACTION, seed=SEED, faults=FAULTS)
    begin_s = conversions.from_stamp(truth.header.stamp)
    finished = graph.states[-1]
    assert [s.state for s in graph.states[-2:]] == [Trial.RUNNING, Trial.FINISHED]
    assert finished.action == ACTION
    # It moved from before the first stage to after the last one.
    assert begin_s < finished.begin_s < begin_s + simulated.keyframes[0].time_s
    assert begin_s + simulated.stage_bounds_s[0, -2] < finished.end_s < begin_s + simulated.motion.times_s[-1] + 0.1


def test_every_result_is_of_that_trial_and_carries_its_stamp(graph: Graph) -> None:
    motion = graph.watch.last[topics.MOTION_TRIAL]
    assert motion.trial == graph.states[-1].id
    for topic in RESULTS:
        result = graph.watch.last[topic]
        assert result.trial == motion.trial, topic
        assert result.header.stamp == motion.header.stamp, topic
        assert result.action == ACTION, topic
    assert conversions.from_stamp(motion.header.stamp) == pytest.approx(graph.states[-1].begin_s, abs=1.0)


def test_the_fused_motion_is_near_the_truth(graph: Graph) -> None:
    message, truth_message = graph.watch.last[topics.MOTION_TRIAL], graph.watch.last[topics.GROUND_TRUTH_TRIAL]
    fused, truth = conversions.trial_from_message(message), conversions.trial_from_message(truth_message)
    shift_s = conversions.from_stamp(message.header.stamp) - conversions.from_stamp(truth_message.header.stamp)
    nearest = np.searchsorted(truth.times_s, fused.times_s + shift_s)
    errors_m = np.linalg.norm(fused.positions_m - truth.positions_m[np.minimum(nearest, len(truth) - 1)], axis=2)
    # Stamps are good to some ms, in which a fast joint moves a few centimetres.
    assert np.nanmedian(errors_m) < 0.05
    assert fused.present.mean() > 0.9


def test_the_fault_is_diagnosed_and_reported(graph: Graph) -> None:
    causes = [cause.name for cause in graph.watch.last[topics.DIAGNOSIS].root_causes]
    assert FAULTS[0] in causes
    report = Path(graph.watch.last[topics.REPORT_PATH].data)
    assert graph.store in report.parents
    assert graph.states[-1].id in report.read_text(encoding="utf-8")


def test_the_bag_holds_the_trial_from_sensors_to_results(graph: Graph) -> None:
    bag = Path(graph.watch.last[topics.RECORD_PATH].data)
    recording = read_recording(bag)
    assert recording.depth is not None
    assert (len(recording.cameras), len(recording.imus)) == (3, 5)
    trial = graph.states[-1]
    for stream in (*recording.cameras.values(), *recording.imus.values(), recording.depth):
        assert stream.times_s[0] < trial.begin_s
        assert stream.times_s[-1] > trial.end_s
    sent = conversions.trial_from_message(graph.watch.last[topics.MOTION_TRIAL])
    assert np.array_equal(read_motion_bag(bag).positions_m, sent.positions_m, equal_nan=True)


def test_nonsense_is_counted_and_stops_nothing(graph: Graph) -> None:
    node = graph.watch.node
    keypoints = node.create_publisher(Keypoints2D, topics.keypoints("camera_0"), qos.SENSOR_OUT)
    skeletons = node.create_publisher(Skeleton3D, topics.KINECT_SKELETON, qos.SENSOR_OUT)
    imus = node.create_publisher(Imu, topics.imu("imu_trunk"), qos.SENSOR_OUT)
    graph.until(lambda: keypoints.get_subscription_count() > 1, "the synchronizer to listen")
    far_future = conversions.make_header(2.0e9, "camera_0_optical")
    mad = Skeleton3D(confidence=np.full(17, math.inf), provenance=np.full(17, 200, np.uint8))
    for _ in range(5):
        keypoints.publish(Keypoints2D(people=[Person2D(confidence=np.full(17, -4.0))]))
        keypoints.publish(Keypoints2D(header=far_future, people=[Person2D(confidence=np.full(17, 0.9))]))
        skeletons.publish(mad)
        imus.publish(Imu())  # its orientation is (0, 0, 0, 1), its stamp 1970
        imus.publish(Imu(orientation_covariance=[0.0] * 9, linear_acceleration_covariance=[math.nan] * 9))
        graph.watch.spin(0.05)
    for source in (topics.keypoints("camera_0"), topics.KINECT_SKELETON):
        graph.until(lambda source=source: bool(graph.value("synchronizer", f"{source} rejected")), f"{source} rejected")
    assert "confidence" in graph.value("synchronizer", f"{topics.KINECT_SKELETON} rejected last")
    graph.until(lambda: bool(graph.value("synchronizer", "imu_trunk rejected")), "stamps of 1970 to be rejected")
    assert "synchronizer" in graph.watch.active
    for publisher in (keypoints, skeletons, imus):
        node.destroy_publisher(publisher)


def test_trials_by_hand_and_athletes(graph: Graph) -> None:
    assert "no action" in graph.ask(SelectAthlete, topics.SERVICE_ATHLETE_SELECT, action="chess").message
    assert not graph.ask(StopTrial, topics.SERVICE_TRIAL_STOP).accepted
    begun = graph.ask(StartTrial, topics.SERVICE_TRIAL_START, athlete="kestrel")
    assert begun.accepted
    graph.until(lambda: graph.states[-1].id == begun.trial, "the trial to begin")
    assert (graph.states[-1].athlete, graph.states[-1].state) == ("kestrel", Trial.RUNNING)
    assert begun.trial in graph.ask(StartTrial, topics.SERVICE_TRIAL_START).message
    assert graph.ask(StopTrial, topics.SERVICE_TRIAL_STOP).accepted
    graph.until(lambda: graph.states[-1].state == Trial.REJECTED, "a trial without anyone to be rejected")
    assert graph.states[-1].reason
    erased = graph.ask(EraseAthlete, topics.SERVICE_ATHLETE_ERASE, athlete="kestrel")
    assert erased.accepted
    assert not (graph.store / "kestrel").exists()


def test_a_node_that_dies_takes_up_again(graph: Graph) -> None:
    before = graph.watch.heard_s[topics.SCORE_TRIAL]
    trial = graph.watch.last[topics.SCORE_TRIAL].trial
    killed = graph.supervisor.process_id("scorer")
    assert killed is not None
    os.kill(killed, signal.SIGKILL)
    graph.until(lambda: graph.supervisor.restarts("scorer") == 1, "a restart")
    # The last trial is still there for it, and it scores it again.
    graph.until(lambda: graph.watch.heard_s[topics.SCORE_TRIAL] > before, "the score of the restarted scorer")
    assert graph.watch.last[topics.SCORE_TRIAL].trial == trial
    assert graph.supervisor.process_id("scorer") not in (None, killed)


def test_what_is_said_on_the_stream_is_the_report(graph: Graph) -> None:
    heard: list[str] = []
    node, heard_s = graph.watch.node, graph.watch.heard_s
    listener = node.create_subscription(String, topics.COACH_STREAM, lambda m: heard.append(m.data), qos.STREAM)
    graph.until(lambda: listener.get_publisher_count() > 0, "the coach")
    before_s, killed = time.time(), graph.supervisor.process_id("diagnosis")
    assert killed is not None
    os.kill(killed, signal.SIGKILL)  # its diagnosis comes anew, and so do the coach's words
    # In whatever order they reach us: the restarted node may be connected to the coach before it is to this test.
    for topic in (topics.DIAGNOSIS, topics.COACH_REPORT):
        graph.until(lambda topic=topic: heard_s[topic] > before_s, f"{topic} anew")
    graph.until(lambda: bool(heard), "the coach's words")
    assert heard[-1].strip() in graph.watch.last[topics.COACH_REPORT].text
    node.destroy_subscription(listener)
