"""The analytic objective against numerical derivatives, and its minimum against scipy's."""

import numpy as np
import pytest
from scipy.optimize import least_squares, minimize
from scipy.spatial.transform import Rotation

from sport_nodes.fusion.lengths import BONE_INDEX, BONES, HEIGHT_SHARE, BoneLengths, check_shape, estimate_lengths
from sport_nodes.fusion.mounting import Mounting, fit_mounting, segment_directions
from sport_nodes.fusion.objective import (
    OUTLIER_SQUARED,
    UNKNOWNS,
    Evidence,
    accumulate,
    optics,
    segment_joints,
    solve_frame,
)
from sport_nodes.fusion.sides import MIRROR, exchanged
from sport_nodes.fusion.triangulate import triangulate
from sport_nodes.lab.simulate import simulate
from sport_nodes.rig import load_rig
from sport_nodes.skeleton import INDEX, SEGMENTS

RIG = load_rig("lab")
LENS = optics(RIG.cameras)
TRUTH = simulate("free_throw", seed=1).motion.positions_m[200]


def evidence(seed: int, noise: float = 1.0) -> Evidence:
    rng = np.random.default_rng(seed)
    pixels = np.stack([c.project(TRUTH) for c in RIG.cameras])
    information = np.eye(3) / 0.02**2 + 100.0 * np.ones((3, 3))
    segments = segment_joints(tuple(SEGMENTS))
    bone = TRUTH[segments[:, :2]].mean(axis=1) - TRUTH[segments[:, 2:]].mean(axis=1)
    length = np.linalg.norm(bone, axis=1)
    return Evidence(
        pixels + noise * 3.0 * rng.normal(size=pixels.shape),
        np.full(pixels.shape[:2], 1.0 / 9.0),
        TRUTH + noise * 0.02 * rng.normal(size=TRUTH.shape),
        np.tile(information, (17, 1, 1)),
        segments,
        bone / length[:, None],
        np.full(len(segments), 1.0 / 0.03**2),
        length,
        BONE_INDEX,
        np.linalg.norm(TRUTH[BONE_INDEX[:, 0]] - TRUTH[BONE_INDEX[:, 1]], axis=1),
        np.full(len(BONES), 1.0 / 0.005**2),
        TRUTH + noise * 0.03 * rng.normal(size=TRUTH.shape),
        np.tile(np.eye(3) / 0.03**2, (17, 1, 1)),
    )


def cost_of(points: np.ndarray, seen: Evidence) -> float:
    matrix, gradient = np.empty((UNKNOWNS, UNKNOWNS)), np.empty(UNKNOWNS)
    return accumulate(points.reshape(17, 3), LENS, seen, OUTLIER_SQUARED, matrix, gradient)


def test_gradient_is_the_derivative_of_the_cost() -> None:
    seen = evidence(0)
    rng = np.random.default_rng(1)
    points = TRUTH + 0.01 * rng.normal(size=TRUTH.shape)
    matrix, gradient = np.empty((UNKNOWNS, UNKNOWNS)), np.empty(UNKNOWNS)
    accumulate(points, LENS, seen, OUTLIER_SQUARED, matrix, gradient)
    step = 1e-6
    for k in range(UNKNOWNS):
        shift = np.zeros(UNKNOWNS)
        shift[k] = step
        numeric = (cost_of(points.ravel() + shift, seen) - cost_of(points.ravel() - shift, seen)) / (2 * step)
        assert 2.0 * gradient[k] == pytest.approx(numeric, rel=1e-4, abs=1e-2)
    assert np.allclose(matrix, matrix.T)
    assert np.linalg.eigvalsh(matrix).min() > 0


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_minimum_is_scipys(seed: int) -> None:
    seen = evidence(seed)
    points, _, cost = solve_frame(seen.prior_m, LENS, seen, 50)
    theirs = minimize(cost_of, points.ravel(), args=(seen,), method="BFGS", options={"gtol": 1e-4, "maxiter": 200})
    assert cost == pytest.approx(theirs.fun, rel=1e-4)
    assert cost <= theirs.fun * (1 + 1e-6)
    np.testing.assert_allclose(points.ravel(), theirs.x, atol=2e-4)


def test_gross_outliers_do_not_move_the_skeleton() -> None:
    seen = evidence(3)
    clean, _, _ = solve_frame(seen.prior_m, LENS, seen, 20)
    wrist = INDEX["left_wrist"]
    seen.keypoints_px[1, wrist] += 150.0
    seen.depth_m[INDEX["left_knee"]] += 0.5
    dirty, _, _ = solve_frame(seen.prior_m, LENS, seen, 20)
    assert np.abs(dirty - clean).max() < 0.02


def test_triangulation_is_exact_and_the_least_squares_point() -> None:
    pixels = np.stack([c.project(TRUTH) for c in RIG.cameras], axis=1)
    np.testing.assert_allclose(triangulate(RIG.cameras, pixels, np.ones((17, 3))), TRUTH, atol=1e-4)
    noisy = pixels + np.random.default_rng(0).normal(0, 2.0, pixels.shape)
    ours = triangulate(RIG.cameras, noisy, np.ones((17, 3)))
    for j in (0, 9, 16):

        def errors(p: np.ndarray, j: int = j) -> np.ndarray:
            return np.concatenate([c.project(p) - noisy[j, k] for k, c in enumerate(RIG.cameras)])

        assert (
            np.linalg.norm(least_squares(errors, ours[j]).x - ours[j]) < 0.01
        )  # the linear solution weighs cameras by distance
    one_camera = np.zeros((17, 3))
    one_camera[:, 0] = 1.0
    assert np.isnan(triangulate(RIG.cameras, pixels, one_camera)).all()


def test_exchanged_sides_are_found_and_only_those() -> None:
    rng = np.random.default_rng(0)
    camera = RIG.cameras[0]
    pixels = camera.project(TRUTH) + rng.normal(0, 2.0, (17, 2))
    swapped = pixels.copy()
    legs = [INDEX[f"{s}_{n}"] for s in ("left", "right") for n in ("hip", "knee", "ankle")]
    swapped[legs] = pixels[MIRROR[legs]]
    variance = np.full(17, 9.0)
    expected = camera.project(TRUTH)
    assert not exchanged(expected, variance, pixels, variance).any()
    found = exchanged(expected, variance, swapped, variance)
    apart = np.linalg.norm(expected - expected[MIRROR], axis=1) > 20.0
    assert {j for j in legs if apart[j]} <= set(np.flatnonzero(found)) <= set(legs)
    assert not exchanged(expected, variance, swapped, np.full(17, np.inf)).any()


def test_lengths_are_estimated_without_the_bias_of_noise() -> None:
    rng = np.random.default_rng(0)
    sigma = 0.012
    positions = TRUTH + sigma * rng.normal(size=(300, 17, 3))
    lengths = estimate_lengths(positions, np.full((300, 17), sigma))
    true_m = np.linalg.norm(TRUTH[BONE_INDEX[:, 0]] - TRUTH[BONE_INDEX[:, 1]], axis=1)
    limbs = true_m > 0.15
    np.testing.assert_allclose(lengths.length_m[limbs], true_m[limbs], atol=0.003)
    assert not check_shape(lengths).warning
    assert "height of" in check_shape(BoneLengths(lengths.length_m * 1000.0, lengths.sigma_m)).warning
    assert len(HEIGHT_SHARE) == 4


def test_a_turned_strap_is_found_from_the_motion() -> None:
    rng = np.random.default_rng(0)
    turns = Rotation.from_rotvec(np.cumsum(0.15 * rng.normal(size=(200, 3)), axis=0))
    bone = Rotation.from_rotvec([0.10, -0.06, 0.0]).apply([0.0, 0.0, 1.0])
    heading = 0.05
    seen = (Rotation.from_euler("z", heading) * turns).apply(bone) + 0.02 * rng.normal(size=(200, 3))
    seen /= np.linalg.norm(seen, axis=1, keepdims=True)
    nominal = Mounting(np.array([0.0, 0.0, 1.0]), 0.0, 0.1)
    found = fit_mounting(nominal, turns.as_quat(), seen, calibrated_rad=0.01)
    assert np.linalg.norm(found.bone - bone) < 0.01
    assert found.heading_rad == pytest.approx(heading, abs=0.015)
    assert found.sigma_rad < 0.02
    shown = segment_directions(found.bone[None], np.array([found.heading_rad]), turns.as_quat()[:, None])[:, 0]
    assert np.linalg.norm(shown - seen, axis=1).mean() < 0.05
