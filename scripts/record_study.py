"""An hour of recording: python scripts/record_study.py [--minutes M] [--rate R]

Starts the real recorder and plays it simulated trials over DDS, one after the other: all that the sensors of the lab's
rig say. Every message that is published from the first onset on must be in a bag. With
--rate 20 three minutes hold the messages of an hour. Prints what was published and recorded, and the recorder's memory
and processor time, as one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np
import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from node_study import REST_S, START_S, Usage, usage
from rclpy.node import Node
from rclpy.serialization import serialize_message
from sport_coach.msg import Trial

from sport_nodes import topics
from sport_nodes.io.bag import open_bag
from sport_nodes.lab.player import Kind, LabPlayer
from sport_nodes.lab.simulate import simulate
from sport_nodes.nodes import qos
from sport_nodes.nodes.lab_messages import message_of, topics_of
from sport_nodes.rig import load_rig
from sport_nodes.up import free_domain, localhost_only

ACTION = "free_throw"
#: What is due within this time is sent together: the machine sleeps no shorter [s].
TICK_S = 0.002
#: After the last message the recorder may still be writing [s].
SETTLE_S = 3.0
#: Shares of the run whose memory is compared.
PARTS = 10


class Player:
    """One trial's messages, serialized once, published again and again."""

    def __init__(self, node: Node) -> None:
        rig = load_rig("lab")
        trial = simulate(ACTION, seed=1, idle_before_s=REST_S, idle_after_s=REST_S)
        player = LabPlayer(trial, rig, seed=1)
        made = ((item, *message_of(item, rig)) for item in player.play(time.time()) if item.kind is not Kind.TRIAL)
        self._messages = [(item.due_s, topic, serialize_message(message)) for item, topic, message in made]
        self._outputs = {t: node.create_publisher(kind, t, qos.SENSOR_OUT) for t, kind in topics_of(rig).items()}
        self._states = node.create_publisher(Trial, topics.TRIAL_STATE, qos.RESULT)
        self.duration_s = player.duration_s

    def play(self, number: int, rate: float, sent: Counter[str]) -> None:
        """One trial, `rate` times as fast as it was."""
        self._tell(number, Trial.RUNNING)
        begin_s = time.monotonic()
        for due_s, topic, data in self._messages:
            if (left_s := begin_s + due_s / rate - time.monotonic()) > TICK_S:
                time.sleep(left_s)
            self._outputs[topic].publish(data)
            sent[topic] += 1
        self._tell(number, Trial.FINISHED)

    def _tell(self, number: int, state: int) -> None:
        begin_s = time.time() if state == Trial.RUNNING else self._begin_s
        self._begin_s = begin_s
        self._states.publish(Trial(id=f"t{number:05d}", action=ACTION, athlete="study", state=state, begin_s=begin_s))


def wait_until_active(node: Node, name: str) -> None:
    active = set()

    def take(message: DiagnosticArray) -> None:
        active.update(s.name for s in message.status if any(v.key == "active" and v.value == "true" for v in s.values))

    heard = node.create_subscription(DiagnosticArray, topics.DIAGNOSTICS, take, qos.STREAM)
    end_s = time.monotonic() + START_S
    while name not in active:
        if time.monotonic() > end_s:
            sys.exit(f"the {name} did not become active")
        rclpy.spin_once(node, timeout_sec=0.1)
    node.destroy_subscription(heard)


def recorded_in(store: Path, sensors: set[str]) -> tuple[int, Counter[str]]:
    found: Counter[str] = Counter()
    bags = sorted(store.rglob("*.mcap"))
    for bag in bags:
        with open_bag(bag) as reader:
            found.update(topic for _, topic, _ in reader.serialized(sensors))
    return len(bags), found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=3.0, metavar="M", help="default: 3")
    parser.add_argument("--rate", type=float, default=1.0, metavar="R", help="times the true rate; default: 1")
    options = parser.parse_args()
    os.environ.update(localhost_only(), ROS_DOMAIN_ID=str(free_domain()))
    rclpy.init(args=[])
    node = Node("record_study")
    sent: Counter[str] = Counter()
    used: list[Usage] = []
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "sport_nodes.nodes.recorder", "--ros-args", "-p", f"store:={folder}"]
        with subprocess.Popen(command, stdout=sys.stderr) as recorder:
            try:
                wait_until_active(node, "recorder")
                player = Player(node)
                time.sleep(SETTLE_S)  # until all publishers are known to the recorder
                began_s, number = time.monotonic(), 0
                while time.monotonic() < began_s + 60.0 * options.minutes:
                    player.play(number, options.rate, sent)
                    number += 1
                    used.append(usage(recorder.pid))
                wall_s = time.monotonic() - began_s
                time.sleep(SETTLE_S)
            finally:
                recorder.terminate()
        bags, found = recorded_in(Path(folder), set(sent))
        size = sum(file.stat().st_size for file in Path(folder).rglob("*.mcap"))
    memory = np.array([one.memory_mib for one in used])
    parts = np.array_split(memory, PARTS)
    missing = {topic: count - found[topic] for topic, count in sent.items() if found[topic] != count}
    report = {
        "minutes": round(wall_s / 60.0, 2),
        "minutes_of_recording": round(number * player.duration_s / 60.0, 1),
        "rate": round(number * player.duration_s / wall_s, 2),
        "bags": bags,
        "published": sum(sent.values()),
        "messages_a_second": round(sum(sent.values()) / wall_s),
        "recorded": sum(found.values()),
        "missing_by_topic": missing,
        "megabytes": round(size / 1e6, 1),
        "processor_share": round((used[-1].cpu_s - used[0].cpu_s) / wall_s, 3),
        "memory_mib_by_tenths": [round(float(part.mean()), 1) for part in parts if len(part)],
        "load_of_the_machine": round(os.getloadavg()[0], 1),
    }
    print(json.dumps(report, indent=1))
    node.destroy_node()
    rclpy.try_shutdown()


if __name__ == "__main__":
    main()
