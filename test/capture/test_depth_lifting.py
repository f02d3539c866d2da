"""Lifting against drawn bodies whose joints are known, in both encodings."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from sport_nodes.capture.depth_lifting import depth_in_metres, lift
from sport_nodes.errors import InputError
from sport_nodes.rig import Camera
from sport_nodes.skeleton import INDEX, TRUNK_JOINTS

POSES = 40
#: Noise of a time-of-flight camera at 3 m and of a 2D detector at this resolution.
DEPTH_NOISE_M = 0.003
PIXEL_NOISE_PX = 1.0


def test_encodings_are_not_off_by_a_thousand() -> None:
    millimetres = np.array([[0, 2500]], dtype=np.uint16)
    np.testing.assert_allclose(depth_in_metres(millimetres, "16UC1"), [[np.nan, 2.5]])
    np.testing.assert_allclose(depth_in_metres(np.array([[np.nan, 2.5]], np.float32), "32FC1"), [[np.nan, 2.5]])
    with pytest.raises(InputError, match="'8UC1'"):
        depth_in_metres(millimetres, "8UC1")


def test_joints_of_drawn_bodies(
    depth_camera: Camera,
    pose_maker: Callable[..., np.ndarray],
    renderer: Callable[..., np.ndarray],
    covered: Callable[..., np.ndarray],
) -> None:
    rng = np.random.default_rng(7)
    errors, behind, given, likely = [], [], [], []
    for _ in range(POSES):
        joints = pose_maker(rng, heading_deg=rng.uniform(0, 360))
        depth = renderer(joints, depth_camera)
        behind.append(covered(joints, depth_camera, depth))
        depth = depth + rng.normal(0.0, DEPTH_NOISE_M, depth.shape).astype(np.float32)
        truth = depth_camera.to_optical(joints)
        pixels = depth_camera.project(joints)
        lifted = lift(pixels + rng.normal(0.0, PIXEL_NOISE_PX, (17, 2)), np.full(17, 0.9), depth, depth_camera)
        errors.append(np.linalg.norm(lifted.positions_m - truth, axis=1))
        given.append(lifted.confidence > 0)
        likely.append(lifted.confidence / 0.9)
    error, hidden, measured = np.array(errors), np.array(behind), np.array(given)
    assert (np.isfinite(error) == measured).all()
    assert np.nanmedian(error) < 0.025
    # The confidence is how many of such joints lie within 50 mm.
    said, within = np.array(likely)[measured], error[measured] < 0.05
    for group in (said < 0.7, said > 0.9):
        assert said[group].mean() == pytest.approx(within[group].mean(), abs=0.12)
    body = [i for name, i in INDEX.items() if i >= INDEX["left_shoulder"]]
    assert hidden[:, body].mean() > 0.05  # there is something to recognise
    assert (~measured)[:, body][hidden[:, body]].mean() > 0.85
    assert (~measured)[:, body][~hidden[:, body]].mean() < 0.12


def test_what_stands_before_a_joint_is_not_taken_for_it(
    depth_camera: Camera, pose_maker: Callable[..., np.ndarray], renderer: Callable[..., np.ndarray]
) -> None:
    rng = np.random.default_rng(2)
    knee, ankle = INDEX["left_knee"], INDEX["left_ankle"]
    while True:  # a shank that is seen at its length, of a person who faces the camera
        joints = pose_maker(rng, heading_deg=-90.0)
        pixels = depth_camera.project(joints)
        if np.linalg.norm(pixels[knee] - pixels[ankle]) > 40.0:
            break
    depth = renderer(joints, depth_camera)
    free = lift(pixels, np.ones(17), depth, depth_camera)
    assert free.confidence[ankle] > 0.3
    x, y = np.rint(pixels[ankle]).astype(int)
    depth[y - 12 : y + 13, x - 12 : x + 13] = 1.8  # a box, nearer than an arm's length before the trunk
    boxed = lift(pixels, np.ones(17), depth, depth_camera)
    assert np.isnan(boxed.positions_m[ankle]).all()
    assert boxed.confidence[ankle] == 0.0


def test_without_depth_nothing_is_measured(depth_camera: Camera, pose_maker: Callable[..., np.ndarray]) -> None:
    pixels = depth_camera.project(pose_maker(np.random.default_rng(4), heading_deg=0.0))
    nothing = np.full((depth_camera.height_px, depth_camera.width_px), np.nan, np.float32)
    lifted = lift(pixels, np.ones(17), nothing, depth_camera)
    assert np.isnan(lifted.positions_m).all()
    assert not lifted.confidence.any()
    outside = lift(pixels + 10_000.0, np.ones(17), np.full_like(nothing, 2.0), depth_camera)
    assert not outside.confidence.any()


def test_confidence_falls_where_the_window_is_half_empty(
    depth_camera: Camera, pose_maker: Callable[..., np.ndarray], renderer: Callable[..., np.ndarray]
) -> None:
    joints = pose_maker(np.random.default_rng(5), heading_deg=-90.0)
    depth = renderer(joints, depth_camera)
    pixels = depth_camera.project(joints)
    whole = lift(pixels, np.ones(17), depth, depth_camera)
    holes = depth.copy()
    holes[::2] = np.nan
    pierced = lift(pixels, np.ones(17), holes, depth_camera)
    trunk = [INDEX[name] for name in TRUNK_JOINTS]
    assert (pierced.confidence[trunk] < 0.9 * whole.confidence[trunk]).all()
    np.testing.assert_allclose(pierced.positions_m[trunk], whole.positions_m[trunk], atol=0.02)
