"""What keypoints say of a camera's turn, against cameras that were turned and against the scatter of their noise."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from sport_nodes.fusion import rig_turns
from sport_nodes.fusion.rig_change import FALSE_ALARMS, LEAST_BEFORE, WINDOWS, RigChange
from sport_nodes.fusion.rig_turns import TurnEvidence, turn_evidence
from sport_nodes.rig import Camera, load_rig

LAB = load_rig("lab")
assert LAB.depth is not None
CAMERAS = (*LAB.cameras, LAB.depth)
BLOCK_S = 0.5


def turned(camera: Camera, vector_deg: list[float]) -> Camera:
    turn = Rotation.from_rotvec(np.deg2rad(vector_deg)).as_matrix()
    return replace(camera, rotation=turn @ camera.rotation, translation_m=turn @ camera.translation_m)


def body(rng: np.random.Generator, count: int = 17) -> np.ndarray:
    return rng.uniform([0.9, -0.3, 0.1], [1.5, 0.3, 1.8], (count, 3))


def images(cameras: tuple[Camera, ...], points: np.ndarray) -> np.ndarray:
    return np.stack([camera.project(points) for camera in cameras], axis=1)


def estimate(evidence: TurnEvidence, camera: int) -> np.ndarray:
    at = slice(3 * camera, 3 * camera + 3)
    return np.linalg.solve(evidence.information[at, at], evidence.pull[at])


@pytest.mark.parametrize("camera", range(4))
@pytest.mark.parametrize("vector_deg", [[0.5, -0.3, 0.0], [0.0, 0.0, 1.0]])
def test_the_turn_of_one_camera_is_found(camera: int, vector_deg: list[float]) -> None:
    real = tuple(turned(c, vector_deg) if k == camera else c for k, c in enumerate(CAMERAS))
    pixels = images(real, body(np.random.default_rng(1), 60))
    evidence = turn_evidence(CAMERAS, pixels, np.full(pixels.shape[:2], 2.0))
    assert np.rad2deg(estimate(evidence, camera)) == pytest.approx(vector_deg, abs=0.02)


def test_information_is_the_inverse_of_the_scatter() -> None:
    rng, found = np.random.default_rng(2), []
    points = body(rng)
    truth = images(CAMERAS, points)
    sigma = rng.uniform(1.0, 3.0, truth.shape[:2])
    sigma[:4, 0] = np.inf  # not seen by one of them
    for _ in range(80):
        noisy = truth + rng.normal(size=truth.shape) * np.where(np.isfinite(sigma), sigma, 0.0)[..., None]
        evidence = turn_evidence(CAMERAS, noisy, sigma)
        found.append(evidence.pull)
    # The pull's covariance is the information itself. Huber's weights make the scatter somewhat less than that.
    ratio = np.diag(np.cov(np.array(found).T)) / np.diag(evidence.information)
    assert 0.7 < np.mean(ratio) < 1.1
    assert ((ratio > 0.5) & (ratio < 1.5)).all()


def test_a_joint_of_two_views_and_a_wrong_joint_say_little(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    pixels, sigma = images(CAMERAS, body(rng, 40)), np.full((40, 4), 2.0)
    pixels += rng.normal(0.0, 2.0, pixels.shape)
    assert not turn_evidence(CAMERAS[:2], pixels[:, :2], sigma[:, :2]).information.any()
    clean = estimate(turn_evidence(CAMERAS, pixels, sigma), 1)
    pixels[5, 1] += 400.0
    off = np.linalg.norm(estimate(turn_evidence(CAMERAS, pixels, sigma), 1) - clean)
    monkeypatch.setattr(rig_turns, "ROUNDS", 1)
    monkeypatch.setattr(rig_turns, "HUBER", 1e9)
    assert off < 0.1 * np.linalg.norm(estimate(turn_evidence(CAMERAS, pixels, sigma), 1) - clean)


def blocks(rng: np.random.Generator, count: int, turns: np.ndarray, *, noise: float = 1.0) -> list[TurnEvidence]:
    """As blocks of images would say them of cameras turned by (12,) [rad], errors so many times as expected."""
    truth = images(CAMERAS, body(rng, 85))
    information = turn_evidence(CAMERAS, truth, np.full(truth.shape[:2], 4.0)).information
    root = np.linalg.cholesky(information + 1e-6 * np.eye(12))
    return [TurnEvidence(information, information @ turns + noise * root @ rng.normal(size=12)) for _ in range(count)]


@pytest.mark.parametrize("noise", [1.0, 3.0])
def test_cameras_that_stand_raise_no_alarm_however_noisy(noise: float) -> None:
    """The cameras stand a degree off their calibration, as real ones do."""
    rng = np.random.default_rng(4)
    change, stood = RigChange(4, block_s=BLOCK_S), np.deg2rad(rng.normal(0.0, 0.7, 12))
    looks = alarms = 0
    for block in blocks(rng, 150, stood, noise=noise):
        change.add(block)
        if (report := change.report()) is not None:
            looks, alarms = looks + 1, alarms + any(camera.moved for camera in report)
    assert looks == 150 - LEAST_BEFORE - min(WINDOWS) + 1
    assert alarms == 0  # FALSE_ALARMS would be a hundredth of one
    assert FALSE_ALARMS * looks < 0.01


@pytest.mark.parametrize(("noise", "angle_deg"), [(1.0, 1.0), (3.0, 3.0)])
def test_a_roll_is_found_and_stays_told(noise: float, angle_deg: float) -> None:
    rng = np.random.default_rng(5)
    stood = np.deg2rad(rng.normal(0.0, 0.7, 12))
    rolled = stood.copy()
    rolled[8] += np.deg2rad(angle_deg)
    change = RigChange(4, block_s=BLOCK_S)
    for block in blocks(rng, 20, stood, noise=noise):
        change.add(block)
    told = []
    for block in blocks(rng, 40, rolled, noise=noise):
        change.add(block)
        told.append([c for c, camera in enumerate(change.report() or ()) if camera.moved])
    found = told.index([2])
    assert found * BLOCK_S < 5.0
    assert told[found:] == [[2]] * (40 - found)
    assert (change.report() or ())[2].turned_deg == pytest.approx(angle_deg, abs=0.3 * noise)


def test_a_camera_found_far_from_its_calibration_is_told() -> None:
    rng = np.random.default_rng(6)
    change, stood = RigChange(4, block_s=BLOCK_S), np.zeros(12)
    stood[4] = np.deg2rad(4.0)
    for block in blocks(rng, 12, stood):
        change.add(block)
    assert [camera.moved for camera in change.report() or ()] == [False, True, False, False]
