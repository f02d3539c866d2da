"""Keypoints against the projection of the truth."""

from dataclasses import replace

import numpy as np
import pytest

from sport_nodes.lab.bystanders import bystander_motion
from sport_nodes.lab.cameras import detect
from sport_nodes.lab.noise import SensorNoise
from sport_nodes.lab.scenarios import Bystander
from sport_nodes.rig import load_rig
from sport_nodes.skeleton import INDEX, MIRROR_INDEX

CAMERA = load_rig("lab").camera("camera_0")
TIMES_S = np.arange(0.0, 20.0, 1.0 / 30.0)
QUIET = replace(
    SensorNoise(),
    keypoint_sigma_share=1e-6,
    outlier_probability=0.0,
    swap_rate_hz=0.0,
    occluded_missing_probability=0.0,
    confidence_sigma=0.0,
)
FACING = -np.pi / 2  # towards camera_0


def person(x_m=1.0, facing_rad=FACING, velocity=(0.0, 0.0)):
    return bystander_motion(Bystander((x_m, 0.0), velocity_m_s=velocity, facing_rad=facing_rad), TIMES_S)


def seen(people, noise, *, seed=0, shift_m=None):
    shift = np.zeros(3) if shift_m is None else np.array(shift_m)
    return detect(
        CAMERA,
        TIMES_S,
        people,
        ([p - shift / 2 for p in people], [p + shift / 2 for p in people]),
        furniture=[],
        noise=noise,
        rng=np.random.default_rng(seed),
    )


def errors_px(xy, people):
    return np.linalg.norm(xy[:, 0] - CAMERA.project(people[0]), axis=2)


def test_without_noise_the_keypoints_are_the_projection():
    xy, confidence = seen([person()], QUIET)
    assert xy.shape == (len(TIMES_S), 1, 17, 2)
    assert errors_px(xy, [person()]).max() < 0.01
    assert (confidence > 0).all()


def test_noise_grows_with_the_speed_in_the_image():
    still = np.nanmedian(errors_px(seen([person()], SensorNoise())[0], [person()]))
    fast = np.nanmedian(errors_px(seen([person()], SensorNoise(), shift_m=(0.05, 0, 0))[0], [person()]))
    streak_px = 0.05 / 4.6 * CAMERA.matrix[0, 0]
    assert fast > still
    # Rayleigh median of the two parts together
    assert fast == pytest.approx(np.hypot(still, 1.177 * streak_px / np.sqrt(12)), rel=0.2)


def test_hidden_joints_are_noisier_and_less_certain():
    side = person(facing_rad=0.0)  # camera_0 looks at the right side
    xy, confidence = seen([side], SensorNoise())
    error = errors_px(xy, [side])
    near, far = INDEX["right_shoulder"], INDEX["left_shoulder"]
    assert np.nanmedian(error[:, far]) > 3.0 * np.nanmedian(error[:, near])
    assert np.median(confidence[:, 0, near]) > 0.75
    assert np.nanmedian(confidence[:, 0, far][confidence[:, 0, far] > 0]) < 0.5
    assert np.isnan(error[:, far]).mean() == pytest.approx(SensorNoise().occluded_missing_probability, abs=0.05)


def test_outliers_come_as_often_as_their_parameter_says():
    noise = replace(QUIET, outlier_probability=0.05, outlier_sigma_px=200.0)
    error = errors_px(seen([person()], noise)[0], [person()])
    assert np.nanmean(error > 5.0) == pytest.approx(0.05, abs=0.01)


def test_swaps_exchange_left_and_right_for_a_while():
    noise = replace(QUIET, swap_rate_hz=1.0, swap_duration_s=0.3)
    xy, _ = seen([person()], noise)
    true = CAMERA.project(person())
    wrong = np.linalg.norm(xy[:, 0] - true, axis=2) > 1.0
    mirrored = np.linalg.norm(xy[:, 0] - true[:, list(MIRROR_INDEX)], axis=2) < 1.0
    assert 0.02 < wrong[:, INDEX["left_ankle"]].mean() < 0.5
    assert mirrored[wrong].all()
    assert not wrong[:, INDEX["nose"]].any()
    runs = np.diff(np.flatnonzero(np.diff(wrong[:, INDEX["left_ankle"]].astype(int)))[:2])
    assert runs.size == 0 or runs[0] >= 1


def test_the_order_of_people_changes():
    people = [person(), person(x_m=-0.5), person(x_m=2.5)]
    xy, _ = seen(people, QUIET)
    nose = CAMERA.project(people[0])[:, INDEX["nose"]]
    place = np.argmin(np.linalg.norm(xy[:, :, INDEX["nose"]] - nose[:, None], axis=2), axis=1)
    assert set(place) == {0, 1, 2}
    assert np.bincount(place).min() > 0.2 * len(place)


def test_what_lies_outside_the_image_is_not_seen():
    xy, confidence = seen([person(x_m=-30.0)], SensorNoise())
    assert np.isnan(xy).all()
    assert (confidence == 0).all()


def test_missing_joints_stay_missing():
    gaps = person().copy()
    gaps[:, INDEX["left_ear"]] = np.nan
    xy, confidence = seen([gaps], SensorNoise())
    assert np.isnan(xy[:, 0, INDEX["left_ear"]]).all()
    assert (confidence[:, 0, INDEX["left_ear"]] == 0).all()
    assert np.isfinite(xy[:, 0, INDEX["right_hip"]]).any()
