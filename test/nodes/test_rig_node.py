"""The rig node tells on its diagnostics of a camera that was nudged while the graph ran."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rclpy
from scipy.spatial.transform import Rotation

from sport_nodes import up
from sport_nodes.fusion.rig_stand import learn_stand, save_stand
from sport_nodes.lab.observe import observe
from sport_nodes.lab.recording import recording_from_events
from sport_nodes.lab.simulate import simulate
from sport_nodes.motion import Motion
from sport_nodes.nodes import conversions
from sport_nodes.nodes.health import OK, WARN
from sport_nodes.nodes.rig import RigNode
from sport_nodes.rig import Rig, load_rig
from sport_nodes.sync.align import align_recording


@pytest.fixture
def node() -> Iterator[RigNode]:
    os.environ.update(up.localhost_only())
    rclpy.init(args=[], domain_id=up.free_domain())
    made = RigNode()
    made.start()
    yield made
    made.trigger_shutdown()
    made.destroy_node()
    rclpy.shutdown()


def nudged(rig: Rig) -> Rig:
    turn = Rotation.from_rotvec([0.0, np.deg2rad(1.0), 0.0]).as_matrix()
    camera = rig.cameras[1]
    moved = replace(camera, rotation=turn @ camera.rotation, translation_m=turn @ camera.translation_m)
    return replace(rig, cameras=(rig.cameras[0], moved, rig.cameras[2]))


def show(node: RigNode, real: Rig, seed: int, begin_s: float) -> float:
    """A trial that `real` sees, through the graph's messages, a report a second; the time of its last frame."""
    events = observe(simulate("free_throw", seed=seed).motion, real, seed=seed)
    aligned = align_recording(recording_from_events(events), load_rig("lab"))
    times = aligned.times_s - aligned.times_s[0] + begin_s
    for k in range(len(aligned)):
        frame = replace(aligned.frame(k), times_s=times[k : k + 1])
        fused = Motion(times[k : k + 1], np.full((1, 17, 3), np.nan), np.zeros((1, 17)))
        people = [0] * len(frame.camera_names)
        node._take(conversions.frame_to_message(frame, fused, trial="", people=people))
        if k % 30 == 29:
            node._report()
    return float(times[-1])


def test_a_nudged_camera_is_told_and_which(node: RigNode) -> None:
    rig = load_rig("lab")
    end_s = show(node, rig, 41, 1000.0)
    summary = node.health.summary()
    assert summary.level == OK
    assert float(summary.values["camera_1 residual_px"]) < 15.0
    show(node, nudged(rig), 42, end_s + 1.0 / 30.0)
    summary = node.health.summary()
    assert summary.level == WARN
    assert "camera_1 seems turned by 1." in summary.message or "camera_1 seems turned by 0.9" in summary.message
    assert "calibrate the rig again" in summary.message


def test_a_camera_nudged_before_the_node_began_is_told_by_how_it_stood(node: RigNode, tmp_path: Path) -> None:
    rig = load_rig("lab")
    events = observe(simulate("free_throw", seed=43).motion, rig, seed=43)
    known = learn_stand(align_recording(recording_from_events(events), rig), rig)
    save_stand(known, rig, tmp_path / "stand.yaml")
    node.trigger_deactivate()
    node.trigger_cleanup()
    node.set_parameters([rclpy.parameter.Parameter("stand", value=str(tmp_path / "stand.yaml"))])
    node.start()
    show(node, nudged(rig), 44, 1000.0)
    summary = node.health.summary()
    assert summary.level == WARN
    assert "camera_1 seems turned by" in summary.message
