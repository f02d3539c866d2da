"""A camera that was moved, placed again from one trial of the simulated lab."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from sport_nodes.errors import InputError
from sport_nodes.fusion.rig_refine import refine_camera
from sport_nodes.lab.observe import observe
from sport_nodes.lab.recording import recording_from_events
from sport_nodes.lab.simulate import simulate
from sport_nodes.rig import Camera, Rig, load_rig
from sport_nodes.sync.align import align_recording


def moved(camera: Camera) -> Camera:
    """By 2 degrees and 5 cm."""
    turn = Rotation.from_rotvec(np.deg2rad([1.5, -1.2, 0.6])).as_matrix() @ camera.rotation
    center = camera.center_m + np.array([0.04, 0.0, -0.03])
    return replace(camera, rotation=turn, translation_m=-turn @ center)


def off(found: Camera, true: Camera) -> tuple[float, float]:
    """Degrees and metres."""
    turn = Rotation.from_matrix(found.rotation @ true.rotation.T).magnitude()
    return float(np.degrees(turn)), float(np.linalg.norm(found.center_m - true.center_m))


@pytest.mark.parametrize("name", ["kinect"])
def test_a_moved_camera_is_placed_where_it_stands_now(name: str) -> None:
    calibrated = load_rig("lab")
    assert calibrated.depth is not None
    real = Rig(
        "real",
        moved(calibrated.depth) if name == "kinect" else calibrated.depth,
        tuple(moved(c) if c.name == name else c for c in calibrated.cameras),
        calibrated.imus,
    )
    events = observe(simulate("standing_long_jump", seed=31).motion, real, seed=31)
    aligned = align_recording(recording_from_events(events), calibrated)
    refined = refine_camera(aligned, calibrated, name)
    before, after = off(calibrated.camera(name), real.camera(name)), off(refined.rig.camera(name), real.camera(name))
    assert after[0] < 0.35 * before[0]
    assert refined.after_px < 0.5 * refined.before_px
    assert refined.turned_deg == pytest.approx(before[0], abs=0.6)
    assert [c.name for c in refined.rig.cameras] == [c.name for c in calibrated.cameras]
    with pytest.raises(InputError, match="no camera 'camera_9'"):
        refine_camera(aligned, calibrated, "camera_9")
