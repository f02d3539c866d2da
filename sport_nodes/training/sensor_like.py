"""Truth from the simulated lab, made to look like what sensors and fusion deliver; far faster than simulating both."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from sport_nodes.motion import Motion, Provenance
from sport_nodes.skeleton import INDEX, JOINT_COUNT, LIMBS, TRUNK_JOINTS

Array = NDArray[np.float64]

#: Frame rate of the depth camera and of everything fused.
RATE_HZ: Final = 30.0


@dataclass(frozen=True)
class Degradation:
    """How a measured trial departs from the truth.

    The defaults are about twice what the lab's sensors and fusion leave (mean distance 8 mm, 95 % under 18 mm in good
    light), for real ones are worse: Nakano et al. 2020 found 47 % of mean errors under 20 mm.
    noise_m: standard deviation per axis of a joint at rest.
    noise_per_speed_s: what is added per m/s of the joint's speed (blur and lag of one half exposure).
    correlation_s: errors of neighbouring frames resemble each other over this long.
    offset_m: a joint centre is taken for a place this far off, all trial long.
    lost_joints, lost_share: how many joints hide, each for this share of the movement at most.
    tilt_deg: error of the vertical, standard deviation.
    smoothing_s: standard deviation of the kernel that takes the top off fast movements.
    """

    noise_m: float = 0.005
    noise_per_speed_s: float = 0.003
    correlation_s: float = 0.05
    offset_m: float = 0.005
    lost_joints: int = 0
    lost_share: float = 0.0
    tilt_deg: float = 0.5
    smoothing_s: float = 0.0


GOOD_LIGHT: Final = Degradation()
#: Dim hall: keypoints about twice as noisy.
POOR_LIGHT: Final = Degradation(noise_m=0.010, noise_per_speed_s=0.006, offset_m=0.008)
OCCLUDED: Final = Degradation(lost_joints=3, lost_share=0.5)
#: The founding paper's dataset: 20 % poor light, 15 % partly occluded.
POOR_LIGHT_SHARE: Final = 0.20
OCCLUDED_SHARE: Final = 0.15
#: Share of a condition's noise, offsets and tilt that a trial has, so that a model knows clean recordings as well.
QUALITY_RANGE: Final = (0.35, 1.1)
#: Smoothing of a trial at most [s]; 0.02 s lowers the speed of a long jump's feet as much as the fusion of whole trials
#: does (25 jumps of the lab).
LONGEST_SMOOTHING_S: Final = 0.035
CONDITIONS: Final[dict[str, Degradation]] = {"default": GOOD_LIGHT, "poor_light": POOR_LIGHT, "occlusion": OCCLUDED}
#: A hidden joint is either not there at all, or inferred from the others with this much more error.
INFERRED_PROBABILITY: Final = 0.5
INFERRED_NOISE_M: Final = 0.03
#: The head's small joints are the first that a system does without (motion capture files have none).
NO_FACE_PROBABILITY: Final = 0.15


def draw_condition(rng: np.random.Generator) -> str:
    """One of CONDITIONS in the founding paper's shares."""
    draw = rng.random()
    if draw < POOR_LIGHT_SHARE:
        return "poor_light"
    return "occlusion" if draw < POOR_LIGHT_SHARE + OCCLUDED_SHARE else "default"


def draw_degradation(condition: str, rng: np.random.Generator) -> Degradation:
    """What one trial in a condition suffers."""
    worst, quality = CONDITIONS[condition], rng.uniform(*QUALITY_RANGE)
    return replace(
        worst,
        noise_m=quality * worst.noise_m,
        noise_per_speed_s=quality * worst.noise_per_speed_s,
        offset_m=quality * worst.offset_m,
        tilt_deg=quality * worst.tilt_deg,
        smoothing_s=rng.uniform(0.0, LONGEST_SMOOTHING_S),
    )


def as_measured(truth: Motion, degradation: Degradation, *, rng: np.random.Generator) -> Motion:
    """The truth (T at any rate) at RATE_HZ with noise, offsets, tilt, hidden and inferred joints."""
    count = int(truth.duration_s * RATE_HZ)
    phase_s = rng.uniform(0.0, 1.0 / RATE_HZ)
    times = truth.times_s[0] + phase_s + np.arange(count) / RATE_HZ
    times = times[times <= truth.times_s[-1]]
    flat = truth.positions_m.reshape(len(truth), -1)
    positions = np.stack([np.interp(times, truth.times_s, column) for column in flat.T], axis=1)
    positions = positions.reshape(len(times), JOINT_COUNT, 3)
    speed = np.linalg.norm(np.gradient(positions, times, axis=0), axis=2)
    if degradation.smoothing_s > 0.0:
        positions = gaussian_filter1d(positions, degradation.smoothing_s * RATE_HZ, axis=0)

    noise = _correlated(rng, len(times), degradation.correlation_s)
    positions += noise * (degradation.noise_m + degradation.noise_per_speed_s * speed)[..., None]
    positions += rng.normal(0.0, degradation.offset_m, (1, JOINT_COUNT, 3))
    positions = positions @ _tilt(rng, degradation.tilt_deg).T

    provenance = np.full(positions.shape[:2], Provenance.FUSED, dtype=np.uint8)
    hidden, inferred = _hide(rng, len(times), degradation)
    if rng.random() < NO_FACE_PROBABILITY:
        hidden[:, [INDEX[name] for name in LIMBS["head"] if name != "nose"]] = True
    positions += np.where(inferred[..., None], _correlated(rng, len(times), 0.5) * INFERRED_NOISE_M, 0.0)
    provenance[inferred] = Provenance.INFERRED
    confidence = np.where(hidden, 0.0, 1.0)
    return Motion(times, positions, confidence, provenance)


def _correlated(rng: np.random.Generator, frames: int, correlation_s: float) -> Array:
    """(T, 17, 3) unit-variance noise, smooth over correlation_s."""
    white = rng.standard_normal((frames, JOINT_COUNT, 3))
    smooth = gaussian_filter1d(white, correlation_s * RATE_HZ, axis=0)
    return np.asarray(smooth / smooth.std(), dtype=np.float64)


def _tilt(rng: np.random.Generator, tilt_deg: float) -> Array:
    """(3, 3) small rotation about a random horizontal axis."""
    angle, azimuth = np.deg2rad(rng.normal(0.0, tilt_deg)), rng.uniform(0.0, 2.0 * np.pi)
    axis = np.array([np.cos(azimuth), np.sin(azimuth), 0.0])
    cross = np.array([[0.0, -axis[2], axis[1]], [axis[2], 0.0, -axis[0]], [-axis[1], axis[0], 0.0]])
    return np.asarray(np.eye(3) + np.sin(angle) * cross + (1.0 - np.cos(angle)) * cross @ cross)


def _hide(
    rng: np.random.Generator, frames: int, degradation: Degradation
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """(T, 17) joints that are missing, and joints that are inferred."""
    hidden = np.zeros((frames, JOINT_COUNT), dtype=np.bool_)
    inferred = np.zeros_like(hidden)
    hideable = [i for i in range(JOINT_COUNT) if i not in {INDEX[name] for name in TRUNK_JOINTS}]
    for joint in rng.choice(hideable, size=min(degradation.lost_joints, len(hideable)), replace=False):
        length = int(frames * rng.uniform(0.1, 1.0) * degradation.lost_share)
        begin = int(rng.integers(0, frames - length + 1))
        target = inferred if rng.random() < INFERRED_PROBABILITY else hidden
        target[begin : begin + length, joint] = True
    return hidden, inferred
