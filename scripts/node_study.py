"""The synchronizer node under load: python scripts/node_study.py [--minutes M] [--scenario NAME]

Starts the real node and plays it simulated trials over DDS, one after the other: three cameras and a depth camera at
30 Hz, five IMUs at 200 Hz. Prints the rate of /motion/frame, how long after the measurements it comes, and memory and
processor time of the node with its worker, as one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from sport_coach.msg import MotionFrame, TrialMotion

from sport_nodes import topics
from sport_nodes.lab.player import Kind, LabPlayer
from sport_nodes.lab.simulate import simulate
from sport_nodes.nodes import conversions, qos
from sport_nodes.nodes.lab_messages import TIME_INSIDE, message_of, topics_of
from sport_nodes.rig import load_rig
from sport_nodes.up import free_domain, localhost_only

#: What is due within this time is sent together: the machine sleeps no shorter [s].
TICK_S = 0.002
#: Rest before and after each movement, in which a trial begins and ends [s].
REST_S = 2.0
#: Caches, the first trials, and the memory of the longest trial fill before what is measured [s].
SETTLE_S = 90.0
START_S = 120.0
MEASURED = (Kind.KEYPOINTS, Kind.SKELETON, Kind.IMU)


@dataclass
class Heard:
    """Stamps and times of receipt of /motion/frame, trials, and the names of active nodes."""

    frames: list[tuple[float, float]] = field(default_factory=list)
    trials: int = 0
    active: set[str] = field(default_factory=set)

    def take_frame(self, message: Any, info: Any) -> None:
        # The middleware's time of receipt: that of this busy process would be later.
        self.frames.append((conversions.from_stamp(message.header.stamp), info["received_timestamp"] * 1e-9))

    def take_trial(self, _: Any) -> None:
        self.trials += 1

    def take_diagnostics(self, message: Any) -> None:
        for status in message.status:
            if any(pair.key == "active" and pair.value == "true" for pair in status.values):
                self.active.add(status.name)


@dataclass
class Usage:
    """Processor time [s] and resident memory [MiB] of a process and its children."""

    cpu_s: float
    memory_mib: float


def usage(pid: int) -> Usage:
    pids, found = [pid], Usage(0.0, 0.0)
    while pids:
        process = Path(f"/proc/{pids.pop()}")
        fields = (process / "stat").read_text().rpartition(")")[2].split()
        found.cpu_s += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        found.memory_mib += int((process / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
        for task in (process / "task").iterdir():
            pids += [int(child) for child in (task / "children").read_text().split()]
    return found


def play(node: Node, scenario: str, seconds: float, pid: int) -> tuple[dict[str, list[tuple[float, float]]], list]:
    """Play trials for some seconds. Returns each device's (stamp, time of sending), and (time, Usage) once a second."""
    rig = load_rig("lab")
    outputs = {topic: node.create_publisher(kind, topic, qos.SENSOR_OUT) for topic, kind in topics_of(rig).items()}
    trial = simulate("free_throw", seed=1, idle_before_s=REST_S, idle_after_s=REST_S)
    player = LabPlayer(trial, rig, seed=1, scenario=scenario)
    ready = [message_of(item, rig) for item in player.play(time.time())]
    sent, used = defaultdict(list), []
    end_s, begin_s = time.time() + seconds, time.time()
    for _ in count():
        for (topic, message), item in zip(ready, player.play(begin_s), strict=True):
            now_s = time.time()
            if now_s > end_s:
                return sent, used
            if begin_s + item.due_s - now_s > TICK_S:
                time.sleep(begin_s + item.due_s - now_s)
            if item.kind in TIME_INSIDE:
                _, message = message_of(item, rig)
            else:
                message.header.stamp = conversions.to_stamp(item.stamp_s)
            outputs[topic].publish(message)
            if item.kind in MEASURED:
                sent[item.device].append((item.stamp_s, time.time()))
            if not used or time.time() > used[-1][0] + 1.0:
                used.append((time.time(), usage(pid)))
        begin_s += player.duration_s
    raise AssertionError("unreachable")


def report(heard: Heard, sent: dict[str, list[tuple[float, float]]], used: list, load: list[float]) -> dict[str, Any]:
    from_s = used[0][0] + SETTLE_S
    frames = np.array([frame for frame in heard.frames if frame[1] > from_s])
    depth = np.array(sent["kinect"])
    asked = depth[(depth[:, 0] >= frames[0, 0] - 1e-3) & (depth[:, 0] <= frames[-1, 0] + 1e-3)]
    # When the last device had sent its first sample that is not older than the frame.
    complete = []
    for samples in sent.values():
        stamps, times = np.array(sorted(samples)).T
        after = np.minimum(np.searchsorted(stamps, frames[:, 0] - 1e-4), len(stamps) - 1)
        complete.append(times[after])
    since_ms = 1e3 * (frames[:, 1] - np.max(complete, axis=0))
    age_ms = 1e3 * (frames[:, 1] - frames[:, 0])
    settled = [(at, one) for at, one in used if at > from_s]
    (begin_s, first), (end_s, last) = settled[0], settled[-1]
    memory = np.array([one.memory_mib for _, one in settled])
    tenth = max(len(memory) // 10, 1)
    return {
        "seconds": round(end_s - begin_s, 1),
        "trials": heard.trials,
        "frames": len(frames),
        "rate_hz": round(len(frames) / float(frames[-1, 0] - frames[0, 0]), 2),
        "frames_of_depth_stamps": round(len(frames) / len(asked), 4),
        "longest_gap_ms": round(1e3 * float(np.diff(frames[:, 0]).max()), 1),
        "after_last_measurement_ms": {k: round(float(np.percentile(since_ms, q)), 1) for k, q in QUANTILES.items()},
        "after_frame_stamp_ms": {k: round(float(np.percentile(age_ms, q)), 1) for k, q in QUANTILES.items()},
        "processor_share": round((last.cpu_s - first.cpu_s) / (end_s - begin_s), 3),
        "memory_mib_first_and_last_tenth": [round(float(m.mean()), 1) for m in (memory[:tenth], memory[-tenth:])],
        "load_of_the_machine": load,
    }


QUANTILES = {"median": 50, "p95": 95, "max": 100}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0, metavar="M", help="default: 10")
    parser.add_argument("--scenario", default="default", metavar="NAME", help="of the simulated lab; default: default")
    options = parser.parse_args()
    os.environ.update(localhost_only(), ROS_DOMAIN_ID=str(free_domain()))
    rclpy.init(args=[])
    node, heard = Node("node_study"), Heard()
    node.create_subscription(MotionFrame, topics.MOTION_FRAME, heard.take_frame, qos.STREAM)
    node.create_subscription(TrialMotion, topics.MOTION_TRIAL, heard.take_trial, qos.RESULT)
    node.create_subscription(DiagnosticArray, topics.DIAGNOSTICS, heard.take_diagnostics, qos.STREAM)
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    threading.Thread(target=executor.spin, daemon=True).start()
    command = [sys.executable, "-m", "sport_nodes.nodes.synchronizer"]
    with subprocess.Popen(command, stdout=sys.stderr) as process:
        try:
            end_s = time.time() + START_S
            while "synchronizer" not in heard.active:
                if time.time() > end_s or process.poll() is not None:
                    sys.exit("the synchronizer did not become active")
                time.sleep(0.1)
            load = [round(os.getloadavg()[0], 1)]
            sent, used = play(node, options.scenario, 60.0 * options.minutes + SETTLE_S, process.pid)
            load.append(round(os.getloadavg()[0], 1))
        finally:
            process.terminate()
    print(json.dumps(report(heard, sent, used, load), indent=1))
    executor.shutdown()
    rclpy.try_shutdown()


if __name__ == "__main__":
    main()
