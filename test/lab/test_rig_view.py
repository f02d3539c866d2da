"""The lab's rig sees all of every movement."""

import itertools

import numpy as np
import pytest

from sport_nodes.actions import action_names
from sport_nodes.lab.noise import SensorNoise
from sport_nodes.lab.simulate import simulate
from sport_nodes.rig import load_rig

RIG = load_rig("lab")
CAMERAS = (*RIG.cameras, RIG.depth)
# Room for a jump of 2.5 m with arms ahead, a sit-up with arms overhead, and a ball above the tallest athlete.
STAGE_M = np.array(list(itertools.product(np.linspace(-1.0, 3.4, 12), (-0.6, 0.0, 0.6), np.linspace(0.0, 2.6, 8))))


def margins_px(camera, points_m):
    pixels = camera.project(points_m)
    return np.minimum(pixels, np.array([camera.width_px, camera.height_px]) - pixels)


@pytest.mark.parametrize("camera", CAMERAS, ids=lambda c: c.name)
def test_the_whole_stage_is_in_view(camera):
    assert margins_px(camera, STAGE_M).min() > 5.0


@pytest.mark.parametrize("camera", CAMERAS, ids=lambda c: c.name)
def test_the_lens_model_can_be_undone_on_the_stage(camera):
    optical = camera.to_optical(STAGE_M)
    ideal = optical[:, :2] / optical[:, 2:]
    assert camera.undistort(camera.project(STAGE_M), iterations=30) == pytest.approx(ideal, abs=1e-6)


def test_the_whole_stage_is_in_the_depth_camera_s_range():
    distance = np.linalg.norm(RIG.depth.to_optical(STAGE_M), axis=1)
    assert distance.max() < SensorNoise().depth_maximum_m
    assert distance.min() > SensorNoise().depth_minimum_m


@pytest.mark.parametrize("action", action_names())
@pytest.mark.parametrize("height_m", [1.45, 1.85])
def test_every_movement_stays_on_the_stage(action, height_m):
    for seed in range(4):
        positions = simulate(action, seed=seed, height_m=height_m).motion.positions_m
        assert (positions.min(axis=(0, 1)) > STAGE_M.min(axis=0)).all()
        assert (positions.max(axis=(0, 1)) < STAGE_M.max(axis=0)).all()


def test_the_cameras_look_from_different_sides():
    middle = STAGE_M.mean(axis=0)
    bearings = [np.arctan2(*(c.center_m - middle)[1::-1]) for c in RIG.cameras]
    apart = [abs(np.angle(np.exp(1j * (a - b)))) for a, b in itertools.combinations(bearings, 2)]
    assert min(apart) > np.deg2rad(60.0)
