"""The camera model against OpenCV's, and rig files."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sport_nodes.errors import InputError
from sport_nodes.rig import load_rig, look_at, save_rig
from sport_nodes.skeleton import SEGMENTS

RIG = load_rig("lab")
CAMERAS = (*RIG.cameras, RIG.depth)


def points(count=200):
    rng = np.random.default_rng(1)
    return rng.uniform([-1.0, -0.6, 0.0], [3.0, 0.6, 2.4], size=(count, 3))


@pytest.mark.parametrize("camera", CAMERAS, ids=lambda c: c.name)
def test_projection_agrees_with_opencv(camera):
    world = points()
    rotation, _ = cv2.Rodrigues(camera.rotation)
    expected, _ = cv2.projectPoints(world[:, None], rotation, camera.translation_m, camera.matrix, camera.distortion)
    np.testing.assert_allclose(camera.project(world), expected[:, 0], atol=1e-6)


@pytest.mark.parametrize("camera", CAMERAS, ids=lambda c: c.name)
def test_undistorted_pixels_lie_on_the_ray_of_their_point(camera):
    optical = camera.to_optical(points())
    ideal = camera.undistort(camera.project(points()))
    np.testing.assert_allclose(ideal, optical[:, :2] / optical[:, 2:], atol=1e-5)


def test_world_and_optical_frame_are_inverse():
    for camera in CAMERAS:
        np.testing.assert_allclose(camera.to_world(camera.to_optical(points())), points(), atol=1e-12)
        np.testing.assert_allclose(camera.to_optical(camera.center_m), 0.0, atol=1e-12)


def test_what_is_behind_a_camera_has_no_image():
    for camera in CAMERAS:
        behind = camera.to_world(np.array([0.3, 0.1, -1.0]))
        assert np.isnan(camera.project(behind)).all()


coordinate = st.floats(-5.0, 5.0)


@given(st.tuples(coordinate, coordinate, coordinate), st.tuples(coordinate, coordinate, coordinate))
def test_a_camera_looks_upright_at_its_target(position, target):
    position, target = np.array(position), np.array(target)
    if np.linalg.norm((target - position)[:2]) < 0.1:
        return
    rotation, translation = look_at(position, target)
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-9)
    assert np.linalg.det(rotation) == pytest.approx(1.0)
    np.testing.assert_allclose(rotation @ target + translation, [0, 0, np.linalg.norm(target - position)], atol=1e-9)
    assert (rotation @ [0.0, 0.0, 1.0])[1] < 0.0  # what is up in the world is up (less y) in the image


def test_a_rig_survives_saving(tmp_path):
    save_rig(RIG, tmp_path / "copy.yaml")
    again = load_rig(tmp_path / "copy.yaml")
    for before, after in zip(CAMERAS, (*again.cameras, again.depth), strict=True):
        assert (before.name, before.width_px, before.height_px) == (after.name, after.width_px, after.height_px)
        np.testing.assert_allclose(after.project(points()), before.project(points()), atol=1e-9)
    assert [m.segment for m in again.imus] == list(SEGMENTS)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{}", "neither a depth camera nor a camera"),
        ("cameras: {a: {size_px: [1, 2]}}", "intrinsics_px"),
        ("cameras: [", "not a rig"),
        ("cameras: {}\nimus: {x: {segment: tail}}", "tail"),
    ],
)
def test_a_file_that_is_no_rig_is_refused_with_the_reason(tmp_path, text, says):
    path = tmp_path / "rig.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=says):
        load_rig(path)


def test_an_unknown_rig_names_the_known_ones():
    with pytest.raises(InputError, match="lab"):
        load_rig("no_such_rig")
    with pytest.raises(InputError, match="camera_0"):
        RIG.camera("camera_9")
