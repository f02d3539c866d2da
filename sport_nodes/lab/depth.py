"""The depth camera with its body tracker: 17 joints in the optical frame."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sport_nodes.lab.body import Capsules, visibility
from sport_nodes.lab.noise import SensorNoise
from sport_nodes.lab.processes import correlated_noise
from sport_nodes.rig import Camera
from sport_nodes.skeleton import JOINT_COUNT

Array = NDArray[np.float64]


def track(
    camera: Camera,
    times_s: Array,
    athlete_m: Array,
    *,
    obstacles: list[Capsules],
    noise: SensorNoise,
    rng: np.random.Generator,
) -> tuple[Array, Array]:
    """Joints (T, 17, 3) [m] in the camera's optical frame and confidence (T, 17); NaN and 0 where out of range.

    athlete_m: (T, 17, 3) in world. The error of a visible joint has a random part along the line of sight that grows
    with the square of the distance, one across it, and a constant one of each joint; a hidden joint is guessed, and
    pulled towards what hides it.
    """
    seen = visibility(camera.center_m, athlete_m, obstacles)
    optical = camera.to_optical(athlete_m)
    distance = np.linalg.norm(optical, axis=2)
    ray = optical / distance[..., None]

    along_sigma = noise.depth_sigma_m * (distance / noise.depth_sigma_distance_m) ** 2
    across_sigma = noise.depth_lateral_sigma_rad * distance
    lasting = correlated_noise(rng, times_s, (JOINT_COUNT, 3), correlation_s=noise.depth_correlation_s)
    share = noise.depth_correlated_share
    error = np.sqrt(share) * lasting + np.sqrt(1.0 - share) * rng.standard_normal(optical.shape)
    along = (error * ray).sum(axis=2)
    noisy = along[..., None] * ray * along_sigma[..., None] + (error - along[..., None] * ray) * across_sigma[..., None]
    # The specification's bounds on the systematic error are taken as two standard deviations.
    constant = rng.standard_normal(JOINT_COUNT) * 0.5
    noisy += (constant * (noise.depth_bias_m + noise.depth_bias_per_m * distance))[..., None] * ray

    guess = noise.depth_occluded_sigma_m * correlated_noise(
        rng, times_s, (JOINT_COUNT, 3), correlation_s=noise.depth_occluded_correlation_s
    )
    guess = guess - noise.depth_occluded_pull_m * ray
    positions = optical + noisy + (1.0 - seen)[..., None] * guess

    confidence = (
        noise.depth_occluded_confidence + (noise.depth_visible_confidence - noise.depth_occluded_confidence) * seen
    )
    confidence = np.clip(confidence + noise.confidence_sigma * rng.standard_normal(seen.shape), 0.01, 1.0)
    pixels = camera.project(athlete_m)
    missing = (distance < noise.depth_minimum_m) | (distance > noise.depth_maximum_m)
    missing |= ~((pixels >= 0).all(axis=2) & (pixels[..., 0] < camera.width_px) & (pixels[..., 1] < camera.height_px))
    return np.where(missing[..., None], np.nan, positions), np.where(missing, 0.0, confidence)
