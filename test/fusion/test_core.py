"""The compiled core against independent implementations: dense matrices, numpy's triangulation, known distributions."""

import numpy as np
from scipy.spatial.transform import Rotation
from scipy.stats import maxwell

from sport_nodes.fusion.evidence import Sighting, restore_sides
from sport_nodes.fusion.mounting import Mounting, felt_motion
from sport_nodes.fusion.noise import depth_information, keypoint_sigma_px
from sport_nodes.fusion.objective import UNKNOWNS, optics
from sport_nodes.fusion.result import CONFIDENT_WITHIN_M, confidence_of
from sport_nodes.fusion.sides import MIRROR
from sport_nodes.fusion.smooth import ORDER, difference_rows, marginal_sigma
from sport_nodes.fusion.start import first_guess
from sport_nodes.fusion.tracker import ACCELERATION_M_S2, JointTracker
from sport_nodes.fusion.triangulate import triangulate
from sport_nodes.lab.simulate import simulate
from sport_nodes.rig import load_rig
from sport_nodes.skeleton import INDEX

RIG = load_rig("lab")
LENS = optics(RIG.cameras)
TRUTH = simulate("free_throw", seed=1).motion.positions_m[200].copy()
NOWHERE = np.full((17, 3), np.nan)


def sighting(seed: int = 0, *, depth: bool = True) -> Sighting:
    rng = np.random.default_rng(seed)
    pixels = np.stack([c.project(TRUTH) for c in RIG.cameras])
    sigma = rng.uniform(1.0, 4.0, pixels.shape[:2])
    return Sighting(
        pixels + sigma[..., None] * rng.normal(size=pixels.shape),
        sigma,
        np.zeros(sigma.shape, dtype=np.bool_),
        TRUTH + 0.02 * rng.normal(size=TRUTH.shape),
        np.tile(np.eye(3) / 0.02**2, (17, 1, 1)) * depth,
        np.zeros(17, dtype=np.bool_),
    )


def test_the_deviations_of_a_trial_are_those_of_the_dense_inverse() -> None:
    rng = np.random.default_rng(0)
    times_s = np.cumsum(rng.uniform(0.02, 0.05, 40))
    information = rng.uniform(100.0, 1e4, (40, 17))
    matrices = np.zeros((40, UNKNOWNS, UNKNOWNS))
    diagonal = np.arange(UNKNOWNS)
    matrices[:, diagonal, diagonal] = np.repeat(information, 3, axis=1)
    weight = rng.uniform(1e-6, 1e-4, (40 - ORDER, 17))
    sigma = marginal_sigma(times_s, matrices, weight)
    rows = difference_rows(times_s)
    for j in (0, 9, 16):
        jerk = np.zeros((40 - ORDER, 40))
        for i, row in enumerate(rows):
            jerk[i, i : i + ORDER + 1] = row
        whole = np.diag(information[:, j] + 1.0) + jerk.T @ np.diag(weight[:, j]) @ jerk
        np.testing.assert_allclose(sigma[:, j] ** 2, np.linalg.inv(whole).diagonal(), rtol=1e-6)


def test_the_tracker_is_a_kalman_filter() -> None:
    rng = np.random.default_rng(1)
    tracker = JointTracker(TRUTH, np.full(17, 0.1))
    state = np.concatenate([TRUTH, np.zeros_like(TRUTH)], axis=1)
    spread = tracker.covariance.copy()
    for _ in range(3):
        step_s = 1 / 30
        move = np.eye(6) + step_s * np.eye(6, k=3)
        push = np.concatenate([0.5 * step_s * np.eye(3), np.eye(3)])
        measured, noise = TRUTH + 0.01 * rng.normal(size=TRUTH.shape), 0.02**2 * np.eye(3)
        tracker.predict(step_s)
        np.testing.assert_allclose(np.linalg.inv(tracker.information), tracker.covariance[:, :3, :3], rtol=1e-7)
        solved, solution = np.empty((17, 3, 3)), np.empty((17, 3))
        for j in range(17):
            state[j] = move @ state[j]
            spread[j] = move @ spread[j] @ move.T + (ACCELERATION_M_S2[j] * step_s) ** 2 * push @ push.T
            gain = spread[j][:, :3] @ np.linalg.inv(spread[j][:3, :3] + noise)
            state[j] += gain @ (measured[j] - state[j, :3])
            spread[j] -= gain @ spread[j][:3]
            solution[j], solved[j] = state[j, :3], spread[j][:3, :3]
        tracker.update(solution, solved)
        np.testing.assert_allclose(tracker.velocities_m_s, state[:, 3:], atol=1e-9)
        np.testing.assert_allclose(tracker.covariance, spread, atol=1e-10)


def test_a_first_guess_is_what_most_sensors_agree_on() -> None:
    seen = sighting(depth=False)
    weight = 1.0 / seen.sigma_px.T
    expected = triangulate(RIG.cameras, seen.xy_px.transpose(1, 0, 2), weight)
    np.testing.assert_allclose(first_guess(seen, LENS, NOWHERE), expected, atol=1e-6)
    wrist = INDEX["left_wrist"]
    seen.xy_px[0, wrist] += 200.0
    pair = triangulate(RIG.cameras[1:], seen.xy_px[1:].transpose(1, 0, 2), weight[:, 1:])
    np.testing.assert_allclose(first_guess(seen, LENS, NOWHERE)[wrist], pair[wrist], atol=1e-6)
    seen.sigma_px[1:] = np.inf
    assert np.isnan(first_guess(seen, LENS, NOWHERE)).all()
    np.testing.assert_array_equal(first_guess(seen, LENS, TRUTH), TRUTH)
    with_depth = sighting()
    with_depth.sigma_px[:] = np.inf
    np.testing.assert_array_equal(first_guess(with_depth, LENS, NOWHERE), with_depth.depth_m)


def test_exchanged_sides_are_put_back_with_all_that_belongs_to_them() -> None:
    straight, crossed = sighting(), sighting()
    pixels = np.stack([c.project(TRUTH) for c in RIG.cameras])
    apart_px = np.linalg.norm(pixels - pixels[:, MIRROR], axis=2)
    camera = int(np.argmax(apart_px.sum(axis=1)))
    apart = apart_px[camera] > 30.0
    apart &= np.linalg.norm(TRUTH - TRUTH[MIRROR], axis=1) > 0.2
    assert apart.sum() >= 4
    straight.keypoint_filled[camera, np.argmax(apart)] = crossed.keypoint_filled[camera, np.argmax(apart)] = True
    of_one_camera = [array[camera] for array in crossed[:3]]
    for array in (*of_one_camera, *crossed[3:]):
        array[apart] = array[MIRROR[apart]]
    restore_sides(crossed, LENS, TRUTH, np.full(17, 0.02))
    for ours, expected in zip(crossed, straight, strict=True):
        np.testing.assert_array_equal(ours, expected)


def test_confidence_is_the_share_of_normal_errors_that_stay_near() -> None:
    sigma_m = np.array([[0.005, 0.02], [0.05, 0.3]])
    np.testing.assert_allclose(confidence_of(sigma_m), maxwell.cdf(CONFIDENT_WITHIN_M, scale=sigma_m), atol=1e-12)
    assert (confidence_of(np.array([np.inf, np.nan])) == 0.0).all()


def test_depth_errs_along_the_line_of_sight_and_more_when_hidden() -> None:
    center = RIG.depth.center_m
    information = depth_information(TRUTH, np.full(17, 0.9), center)
    ray = (TRUTH - center) / np.linalg.norm(TRUTH - center, axis=1, keepdims=True)
    along = np.einsum("ja,jab,jb->j", ray, information, ray)
    np.testing.assert_allclose(np.linalg.eigvalsh(information)[:, 0], along, rtol=1e-9)
    assert (depth_information(TRUTH, np.full(17, 0.5), center).trace(axis1=1, axis2=2) < 3.0 / 0.04**2).all()
    assert not depth_information(TRUTH, np.zeros(17), center).any()
    pixels = np.stack([c.project(TRUTH) for c in RIG.cameras])
    sure, unsure = (keypoint_sigma_px(pixels, np.full((3, 17), level)) for level in (0.9, 0.3))
    assert (unsure > 2.0 * sure).all()
    assert np.isinf(keypoint_sigma_px(pixels, np.zeros((3, 17)))).all()


def test_what_an_imu_feels_is_the_motion_of_its_segment() -> None:
    rng = np.random.default_rng(0)
    turns = Rotation.random(50, random_state=1)
    bone, heading = Rotation.from_rotvec([0.1, -0.2, 0.0]).apply([0.0, 0.0, 1.0]), 0.1
    acceleration = rng.normal(size=(50, 3))
    in_lab = Rotation.from_euler("z", heading) * turns
    force = in_lab.inv().apply(acceleration + np.array([0.0, 0.0, 9.81]))
    vectors = np.concatenate([np.zeros((50, 3)), force], axis=1)
    direction, felt = felt_motion(Mounting(bone, heading, 0.01), 1.1 * turns.as_quat(), vectors)
    np.testing.assert_allclose(direction, in_lab.apply(bone), atol=1e-12)
    np.testing.assert_allclose(felt, acceleration, atol=1e-12)
