"""The depth camera against the truth: noise by distance, range, occlusion."""

from dataclasses import replace

import numpy as np
import pytest

from sport_nodes.lab.body import body_capsules
from sport_nodes.lab.bystanders import bystander_motion
from sport_nodes.lab.depth import track
from sport_nodes.lab.noise import SensorNoise
from sport_nodes.lab.scenarios import Bystander
from sport_nodes.rig import Camera, look_at
from sport_nodes.skeleton import INDEX

TIMES_S = np.arange(0.0, 60.0, 1.0 / 30.0)
ROTATION, TRANSLATION = look_at(np.array([0.0, 0.0, 1.0]), np.array([5.0, 0.0, 1.0]))
CAMERA = Camera(
    "kinect", 1280, 720, np.array([[612.0, 0, 640], [0, 612, 360], [0, 0, 1]]), np.zeros(5), ROTATION, TRANSLATION
)
NOISE = replace(SensorNoise(), depth_bias_m=0.0, depth_bias_per_m=0.0)


def tracked(distance_m, *, facing_rad=np.pi, noise=NOISE):
    person = bystander_motion(Bystander((distance_m, 0.0), facing_rad=facing_rad, height_m=1.6), TIMES_S)
    positions, confidence = track(
        CAMERA,
        TIMES_S,
        person,
        obstacles=[body_capsules(person, own=True)],
        noise=noise,
        rng=np.random.default_rng(3),
    )
    return person, positions, confidence


def test_positions_are_in_the_optical_frame():
    person, positions, _ = tracked(3.0)
    assert np.median(positions[..., 2]) == pytest.approx(3.0, abs=0.1)
    world = CAMERA.to_world(positions)
    free = [i for name, i in INDEX.items() if not name.endswith("ear")]  # the cheeks hide the ears in part
    assert (world - person)[:, free].mean(axis=0) == pytest.approx(0.0, abs=0.005)


def test_noise_along_the_line_of_sight_grows_with_the_square_of_the_distance():
    def spread(distance_m):
        person, positions, _ = tracked(distance_m)
        error = np.linalg.norm(positions, axis=2) - np.linalg.norm(CAMERA.to_optical(person), axis=2)
        return error[:, INDEX["right_shoulder"]].std()

    near, far = spread(2.0), spread(4.0)
    assert far / near == pytest.approx(4.0, rel=0.15)
    assert far == pytest.approx(NOISE.depth_sigma_m * (4.0 / NOISE.depth_sigma_distance_m) ** 2, rel=0.15)


def test_hidden_joints_are_uncertain_and_pulled_towards_the_camera():
    person, positions, confidence = tracked(3.0, facing_rad=np.pi / 2)  # the left side is near
    near, far = INDEX["left_shoulder"], INDEX["right_shoulder"]
    assert np.median(confidence[:, near]) > 0.5 > np.median(confidence[:, far])
    error = np.linalg.norm(positions, axis=2) - np.linalg.norm(CAMERA.to_optical(person), axis=2)
    assert abs(error[:, near].mean()) < 0.01
    assert error[:, far].mean() == pytest.approx(-NOISE.depth_occluded_pull_m, abs=0.03)


@pytest.mark.parametrize("distance_m", [0.3, 5.8])
def test_out_of_range_there_is_nothing(distance_m):
    _, positions, confidence = tracked(distance_m)
    assert np.isnan(positions).all()
    assert (confidence == 0).all()


def test_the_systematic_error_stays_through_the_trial():
    _, biased, _ = tracked(3.0, noise=SensorNoise())
    person, _, _ = tracked(3.0)
    error = np.linalg.norm(biased, axis=2) - np.linalg.norm(CAMERA.to_optical(person), axis=2)
    halves = error[:900].mean(axis=0), error[900:].mean(axis=0)
    shoulders = [INDEX["left_shoulder"], INDEX["right_shoulder"], INDEX["nose"]]
    assert halves[0][shoulders] == pytest.approx(halves[1][shoulders], abs=0.004)
    assert np.abs(halves[0][shoulders]).max() > 0.002
