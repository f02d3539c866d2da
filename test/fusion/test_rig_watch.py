"""A camera that was nudged after its calibration, found from the athlete in the simulated lab."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from sport_nodes.fusion.rig_watch import RigWatch
from sport_nodes.lab.observe import observe
from sport_nodes.lab.recording import recording_from_events
from sport_nodes.lab.simulate import simulate
from sport_nodes.measurements import AlignedTrial
from sport_nodes.rig import Camera, Rig, load_rig
from sport_nodes.sync.align import align_recording

CALIBRATED = load_rig("lab")


def turned(camera: Camera, axis_deg: list[float]) -> Camera:
    turn = Rotation.from_rotvec(np.deg2rad(axis_deg)).as_matrix()
    return replace(camera, rotation=turn @ camera.rotation, translation_m=turn @ camera.translation_m)


def trial_seen_by(real: Rig, seed: int) -> AlignedTrial:
    events = observe(simulate("free_throw", seed=seed).motion, real, seed=seed)
    return align_recording(recording_from_events(events), CALIBRATED)


def alarms(watch: RigWatch, aligned: AlignedTrial) -> list[tuple[float, str]]:
    """(seconds since the first frame, camera) of every alarm, asked for twice a second."""
    found = []
    for k in range(len(aligned)):
        watch.add(aligned.frame(k))
        if k % 15 == 14:
            since_s = float(aligned.times_s[k] - aligned.times_s[0])
            found += [(since_s, camera.name) for camera in watch.report() if camera.moved]
    return found


@pytest.fixture(scope="module")
def before() -> AlignedTrial:
    return trial_seen_by(CALIBRATED, seed=21)


# scripts/capture_study.py: all cameras, axes and movements
@pytest.mark.parametrize(("name", "axis_deg"), [("camera_1", [0.0, 1.0, 0.0]), ("kinect", [0.0, 0.0, 1.0])])
def test_a_camera_nudged_by_a_degree_is_named_within_five_seconds(
    before: AlignedTrial, name: str, axis_deg: list[float]
) -> None:
    assert CALIBRATED.depth is not None
    real = replace(
        CALIBRATED,
        depth=turned(CALIBRATED.depth, axis_deg) if name == "kinect" else CALIBRATED.depth,
        cameras=tuple(turned(c, axis_deg) if c.name == name else c for c in CALIBRATED.cameras),
    )
    watch = RigWatch(CALIBRATED)
    assert not alarms(watch, before)
    nudged = trial_seen_by(real, seed=22)
    # The next frame after the last: what the watch remembers is still of the camera in its place.
    found = alarms(watch, replace(nudged, times_s=nudged.times_s - nudged.times_s[0] + before.times_s[-1] + 1.0 / 30.0))
    assert found[0][0] < 5.0
    assert {camera for _, camera in found} == {name}
    health = {camera.name: camera for camera in watch.report()}
    assert health[name].turned_deg == pytest.approx(1.0, abs=0.4)
    if axis_deg[2] == 0.0:  # a roll moves the joints by less than the detector's own error
        assert health[name].residual_px == max(camera.residual_px for camera in health.values())


def test_two_cameras_cannot_tell() -> None:
    watch = RigWatch(replace(CALIBRATED, depth=None, cameras=CALIBRATED.cameras[:2]))
    assert not alarms(watch, trial_seen_by(CALIBRATED, seed=23))
    assert all(np.isnan(camera.residual_px) for camera in watch.report())
