"""Raw errors of the simulated sensors against what studies of real ones measured."""

import numpy as np
import pytest

from sport_nodes.actions import action_names
from sport_nodes.lab.observe import observe
from sport_nodes.lab.simulate import simulate
from sport_nodes.lab.trajectory import Trajectory
from sport_nodes.rig import load_rig

RIG = load_rig("lab")
EVERY = 4  # frames; neighbours tell nothing new


@pytest.fixture(scope="module", params=action_names())
def events(request):
    return observe(simulate(request.param, seed=1).motion, RIG, seed=1)


def triangulated(frames):
    """Joints (17, 3) seen in one frame a camera: direct linear transform, weighted by confidence."""
    equations = []
    for camera, frame in zip(RIG.cameras, frames, strict=True):
        xy, weight = camera.undistort(frame.xy_px[0]), frame.confidence[0, :, None]
        row = np.column_stack([camera.rotation, camera.translation_m])
        equations += [weight * (xy[:, :1] * row[2] - row[0]), weight * (xy[:, 1:] * row[2] - row[1])]
    joints = np.full((17, 3), np.nan)
    for joint, rows in enumerate(np.stack(equations, axis=1)):
        seen = rows[np.isfinite(rows).all(axis=1)]
        if len(seen) >= 4:
            solution = np.linalg.svd(seen)[2][-1]
            joints[joint] = solution[:3] / solution[3]
    return joints


def test_triangulation_errs_as_openpose_with_several_cameras(events):
    """Nakano et al. 2020, mean absolute error of each joint: 47 % under 20 mm, 80 % under 30 mm, 10 % over 40 mm."""
    by_trigger = [{e.trigger: e for e in events.of(c.name)} for c in RIG.cameras]
    triggers = sorted(set.intersection(*map(set, by_trigger)))[::EVERY]
    true = Trajectory(events.truth).positions_m(np.array([by_trigger[0][t].exposure_s for t in triggers]))
    found = np.array([triangulated([frames[t].payload for frames in by_trigger]) for t in triggers])
    error = np.nanmean(np.abs(found - true).mean(axis=2), axis=0)
    assert (error < 0.020).mean() > 0.3
    assert (error < 0.030).mean() > 0.6
    assert np.median(error) > 0.005


def test_the_depth_camera_errs_as_body_tracking_does(events):
    """Worse than the bare depth image (random error 17 mm at most, by specification), better than a limb is wide."""
    frames = events.of("kinect")[::EVERY]
    found = RIG.depth.to_world(np.array([e.payload.positions_m for e in frames]))
    true = Trajectory(events.truth).positions_m(np.array([e.exposure_s for e in frames]))
    error = np.linalg.norm(found - true, axis=2)
    assert 0.017 < np.nanmean(error) < 0.08
