"""A recorded trial played as fast as the graph follows: nothing is lost, and its motion is the one that its samples
give when they are fused without a graph, without ROS and without time."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from sport_nodes import topics
from sport_nodes.fusion.fuse import fuse_trial
from sport_nodes.graph import BAG, GraphSettings, nodes_of
from sport_nodes.io.bag import read_recording
from sport_nodes.lab.bag import write_lab_bag
from sport_nodes.lab.simulate import simulate
from sport_nodes.nodes import conversions
from sport_nodes.nodes.watch import GraphWatch
from sport_nodes.replayed import SAME_SKELETON_MM, TrialResult, difference
from sport_nodes.rig import load_rig
from sport_nodes.sync.align import align_recording
from sport_nodes.sync.recent import RecentSamples
from sport_nodes.sync.trial_detector import PRE_ROLL_S
from sport_nodes.up import Supervisor, free_domain, localhost_only

ACTION = "overhead_pass"
#: Generous: other work may share the machine.
PATIENCE_S = 90.0


def played_again(bag: Path) -> tuple[TrialResult, float]:
    """The trial's motion and its onset."""
    settings = GraphSettings(ACTION, source=BAG, assess=False, use_sim_time=True, bag={"bag": str(bag), "rate": 0.0})
    player, synchronizer = (node for node in nodes_of(settings) if node.name in ("replay", "synchronizer"))
    player = replace(player, parameters={**player.parameters, "wait_for": [synchronizer.name]})
    os.environ.update(localhost_only(), ROS_DOMAIN_ID=str(free_domain()))
    wanted = {topics.MOTION_TRIAL, topics.TRIAL_STATE}
    with Supervisor((player, synchronizer), listener=lambda *_: None) as supervisor, GraphWatch() as watch:
        end_s = time.monotonic() + PATIENCE_S
        while not wanted <= watch.last.keys():
            assert time.monotonic() < end_s, f"no trial within {PATIENCE_S:.0f} s"
            supervisor.poll()
            watch.spin(0.1)
        message, state = watch.last[topics.MOTION_TRIAL], watch.last[topics.TRIAL_STATE]
    motion = conversions.trial_from_message(message)
    shifted = motion.moved(motion.positions_m, motion.times_s + conversions.from_stamp(message.header.stamp))
    return TrialResult(shifted, 0.0, ""), state.begin_s


def test_the_motion_is_the_one_that_the_samples_give(tmp_path: Path) -> None:
    rig = load_rig("lab")
    write_lab_bag(simulate(ACTION, seed=4), rig, tmp_path / "bag", seed=4)
    again, onset_s = played_again(tmp_path / "bag")
    recorded, samples = read_recording(tmp_path / "bag"), RecentSamples(keep_s=1e9)
    for name, seen in recorded.cameras.items():
        for row in zip(seen.times_s, seen.xy_px, seen.confidence, strict=True):
            samples.add_keypoints(name, *row)
    for name, felt in recorded.imus.items():
        for row in zip(felt.times_s, felt.orientation_xyzw, felt.vectors, strict=True):
            samples.add_imu(name, *row)
    assert recorded.depth is not None
    for row in zip(recorded.depth.times_s, recorded.depth.positions_m, recorded.depth.confidence, strict=True):
        samples.add_depth(*row)
    begin_s, end_s = onset_s - PRE_ROLL_S, again.motion.times_s[-1]
    of_trial = samples.recording(begin_s, end_s)
    fused = fuse_trial(align_recording(of_trial, rig), rig, imus=of_trial.imus).between(begin_s, end_s)
    assert len(fused) > 60
    assert np.nanmax(fused.positions_m[..., 2]) > 1.5
    assert difference(TrialResult(fused, 0.0, ""), again).skeleton_mm < SAME_SKELETON_MM
