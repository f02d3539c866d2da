"""From a measured movement to what the network sees. Pure numpy and scipy: no torch, no model."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_banded

from sport_nodes.errors import InputError
from sport_nodes.motion import Motion
from sport_nodes.skeleton import INDEX, JOINT_COUNT

Array = NDArray[np.float64]

#: Frames a movement is brought to (the founding paper's L: three seconds at 30 Hz); tempo is handed over beside it.
NETWORK_FRAMES: Final = 90
#: Evenly spaced working rate, twice the depth camera's, so that 30 Hz and 120 Hz recordings are treated alike.
WORK_RATE_HZ: Final = 60.0
#: Human movement of these four kinds lies below this; sensors' noise lies mostly above.
LOW_PASS_HZ: Final = 6.0
#: A joint that hides for longer than this is "not there" while it hides; shorter gaps are bridged by a straight line.
LONGEST_BRIDGED_GAP_S: Final = 0.25
#: Stillness that is kept before the first and after the last movement.
KEPT_STILLNESS_S: Final = 0.10
#: A frame moves when the fastest few joints exceed this share of the trial's peak speed ...
MOVING_SHARE_OF_PEAK: Final = 0.08
#: ... and in any case more than standing sway and sensor noise do.
MOVING_FLOOR_M_S: Final = 0.12
#: "The fastest few joints" as a quantile over the joints: two elbows and wrists that rise alone (4 of 17) must count.
SPEED_QUANTILE: Final = 0.90
#: The athlete's heading is read off hips and shoulders over the first part of the movement.
HEADING_WINDOW_S: Final = 0.30
#: Hip width over shoulder width (joint centres) of a grown person; completes a trunk with one corner missing.
HIP_TO_SHOULDER_WIDTH: Final = 0.62
#: Brings speeds in trunk lengths per second to the order of one.
VELOCITY_SCALE_S: Final = 0.25
#: Duration (s) whose logarithm is the tempo zero.
REFERENCE_DURATION_S: Final = 2.0
SHORTEST_MOVEMENT_S: Final = 0.5
#: Half a second at 30 Hz; fewer frames over a longer time leave out what the marks rest on.
FEWEST_FRAMES: Final = 15
_FILTER_PADDING_FRAMES: Final = 9
#: Five seconds: a matrix of 720 kB.
LONGEST_MATRIX_FRAMES: Final = 300
# The low pass y + a1 y' + a2 y'' = b0 (x + 2 x' + x''), by the bilinear transform (Oppenheim and Schafer, chapter 7).
_WARPED: Final = float(np.tan(np.pi * LOW_PASS_HZ / WORK_RATE_HZ))
_SCALE: Final = 1.0 + np.sqrt(2.0) * _WARPED + _WARPED**2
_B0: Final = _WARPED**2 / _SCALE
_A1: Final = 2.0 * (_WARPED**2 - 1.0) / _SCALE
_A2: Final = (1.0 - np.sqrt(2.0) * _WARPED + _WARPED**2) / _SCALE

_L_SHOULDER, _R_SHOULDER = INDEX["left_shoulder"], INDEX["right_shoulder"]
_L_HIP, _R_HIP = INDEX["left_hip"], INDEX["right_hip"]


class TooLittleError(InputError):
    """The recording holds too little of a movement to say anything about it."""


@dataclass(frozen=True, eq=False)
class PreparedMotion:
    """One movement in the athlete's own frame (x ahead, y left, z up), in trunk lengths, on L frames.

    pose: (17, L, 3) relative to the trunk's centre of the same frame; 0 where missing.
    velocity: (17, L, 3) over the ground, trunk lengths per VELOCITY_SCALE_S; 0 where missing.
    mask: (17, L) 1 where the joint is there.
    tempo: log2 of the duration over REFERENCE_DURATION_S.
    times_s: (L,) in the trial's seconds. trunk_length_m: the divisor.
    unmeasured: (17,) share of the movement's frames in which the joint rests on no measurement.
    """

    pose: NDArray[np.float32]
    velocity: NDArray[np.float32]
    mask: NDArray[np.float32]
    tempo: float
    times_s: Array
    trunk_length_m: float
    unmeasured: Array

    @property
    def begin_s(self) -> float:
        return float(self.times_s[0])

    @property
    def end_s(self) -> float:
        return float(self.times_s[-1])

    @property
    def duration_s(self) -> float:
        return self.end_s - self.begin_s


def prepare(motion: Motion, *, frames: int = NETWORK_FRAMES) -> PreparedMotion:
    """Crop stillness, turn into the athlete's frame, normalise by the trunk, bring to `frames` frames.

    Raises TooLittleError when the movement is shorter than SHORTEST_MOVEMENT_S, has fewer than FEWEST_FRAMES, does not
    move, or the trunk cannot be located.
    """
    if len(motion) < 2 or motion.duration_s < SHORTEST_MOVEMENT_S:
        raise TooLittleError(
            f"the movement lasts {motion.duration_s:.2f} s; at least {SHORTEST_MOVEMENT_S} s are needed"
        )
    if len(motion) < FEWEST_FRAMES:
        raise TooLittleError(f"the movement has {len(motion)} frames, at least {FEWEST_FRAMES} are needed")
    times, positions, present = _evenly_spaced(motion)
    first, last = moving_frames(positions, present)
    chosen = slice(first, last + 1)
    times, positions, present = times[chosen], positions[chosen], present[chosen]
    if times[-1] - times[0] < SHORTEST_MOVEMENT_S:
        raise TooLittleError(f"only {times[-1] - times[0]:.2f} s of movement, {SHORTEST_MOVEMENT_S} s are needed")
    corners = _trunk_corners(positions, present)
    centre = corners.mean(axis=1)
    trunk_length_m = _trunk_length_m(corners)
    turn = _to_athlete_frame(corners[: max(1, round(HEADING_WINDOW_S * WORK_RATE_HZ))])

    grid = np.linspace(times[0], times[-1], frames)
    # Position, velocity and presence go to the new times together, in trunk lengths only there: fewer passes.
    turned = np.empty((len(times), JOINT_COUNT, 7))
    np.subtract(positions, centre[:, None], out=turned[..., :3])
    turned[..., 3:6] = _slope(positions)
    turned[..., 6] = present
    sampled = _resampled(turned, times, grid)
    mask = sampled[..., 6] > 0.5
    vectors = (sampled[..., :6].reshape(-1, 3) @ (turn.T / trunk_length_m)).reshape(frames, JOINT_COUNT, 2, 3)
    measured = motion.measured[(motion.times_s >= times[0]) & (motion.times_s <= times[-1])]
    return PreparedMotion(
        pose=_joints_first(vectors[:, :, 0], mask),
        velocity=_joints_first(vectors[:, :, 1] * VELOCITY_SCALE_S, mask),
        mask=np.ascontiguousarray(mask.T, dtype=np.float32),
        tempo=float(np.log2((times[-1] - times[0]) / REFERENCE_DURATION_S)),
        times_s=grid,
        trunk_length_m=trunk_length_m,
        # Frames that a recording lost as a whole show in the mask only.
        unmeasured=1.0 - np.minimum(measured.mean(axis=0), mask.mean(axis=0)),
    )


def moving_frames(positions_m: Array, present: NDArray[np.bool_]) -> tuple[int, int]:
    """First and last frame of the movement with KEPT_STILLNESS_S on each side.

    positions_m: (T, 17, 3) at WORK_RATE_HZ. Raises TooLittleError when nothing moves.
    """
    velocity = _slope(positions_m[:, present.any(axis=0)])
    speed = np.quantile(np.sqrt(np.einsum("tjc,tjc->tj", velocity, velocity)), SPEED_QUANTILE, axis=1)
    moving = np.flatnonzero(speed > max(MOVING_FLOOR_M_S, MOVING_SHARE_OF_PEAK * float(speed.max())))
    if len(moving) == 0:
        raise TooLittleError(f"nothing moves: the fastest joints stay under {MOVING_FLOOR_M_S} m/s")
    kept = round(KEPT_STILLNESS_S * WORK_RATE_HZ)
    return max(0, int(moving[0]) - kept), min(len(speed) - 1, int(moving[-1]) + kept)


def _evenly_spaced(motion: Motion) -> tuple[Array, Array, NDArray[np.bool_]]:
    """times (T,), low-passed positions (T, 17, 3) without NaN, presence (T, 17), at WORK_RATE_HZ."""
    # Never past the last frame; the sliver is for durations that are whole frames but for rounding.
    count = max(2, int(motion.duration_s * WORK_RATE_HZ + 1e-6) + 1)
    times = motion.times_s[0] + np.arange(count) / WORK_RATE_HZ
    positions = np.zeros((count, JOINT_COUNT, 3))
    present = np.zeros((count, JOINT_COUNT), dtype=np.bool_)
    source_step_s = 1.0 / motion.rate_hz
    # Joints that are there in the same frames, mostly all, are brought to the new times together.
    alike: dict[bytes, list[int]] = {}
    for joint, seen in enumerate(motion.present.T):
        alike.setdefault(seen.tobytes(), []).append(joint)
    for joints in alike.values():
        known = np.flatnonzero(motion.present[:, joints[0]])
        if len(known) < 2:
            continue
        known_s = motion.times_s[known]
        held = np.clip(times, known_s[0], known_s[-1])
        positions[:, joints] = _resampled(motion.positions_m[known][:, joints], known_s, held)
        after = np.clip(np.searchsorted(known_s, times), 1, len(known) - 1)
        inside = (times >= known_s[0] - LONGEST_BRIDGED_GAP_S) & (times <= known_s[-1] + LONGEST_BRIDGED_GAP_S)
        gap_s = known_s[after] - known_s[after - 1]
        present[:, joints] = (inside & (gap_s <= max(LONGEST_BRIDGED_GAP_S, 1.5 * source_step_s)))[:, None]
    if count > 2 * _FILTER_PADDING_FRAMES:
        positions = low_passed(positions)
    return times, positions, present


def low_passed(positions: Array) -> Array:
    """Butterworth of order two at LOW_PASS_HZ, forwards and backwards along the first axis, oddly padded.

    As scipy.signal.sosfiltfilt; but importing that package takes longer than the rest of the scorer's start. A running
    trial is filtered again and again at one length: up to LONGEST_MATRIX_FRAMES it is a matrix product.
    """
    series = positions.reshape(len(positions), -1)
    short = len(series) <= LONGEST_MATRIX_FRAMES
    return (_low_pass_matrix(len(series)) @ series if short else _filtered(series)).reshape(positions.shape)


@lru_cache(maxsize=16)
def _low_pass_matrix(count: int) -> Array:
    return _filtered(np.eye(count))


def _filtered(series: Array) -> Array:
    """(T, K): the recursion A y = B x of all columns as one banded solve in each direction."""
    n = _FILTER_PADDING_FRAMES
    before, after = 2.0 * series[0] - series[n:0:-1], 2.0 * series[-1] - series[-2 : -n - 2 : -1]
    series = np.concatenate([before, series, after])
    bands = np.tile([[1.0], [_A1], [_A2]], len(series))
    for _ in range(2):
        # Before the first frame everything stood still at its place.
        past = np.concatenate([series[:1], series[:1], series])
        driven = _B0 * (past[2:] + 2.0 * past[1:-1] + past[:-2])
        driven[0] -= (_A1 + _A2) * series[0]
        driven[1] -= _A2 * series[0]
        series = solve_banded((2, 0), bands, driven, overwrite_b=True, check_finite=False)[::-1]
    return np.asarray(series[n:-n])


def _slope(positions: Array) -> Array:
    """Change a second along the first axis, as numpy.gradient has it, at WORK_RATE_HZ."""
    slope = np.empty_like(positions)
    np.subtract(positions[2:], positions[:-2], out=slope[1:-1])
    slope[1:-1] *= WORK_RATE_HZ / 2.0
    slope[0], slope[-1] = (
        (positions[1] - positions[0]) * WORK_RATE_HZ,
        (positions[-1] - positions[-2]) * WORK_RATE_HZ,
    )
    return slope


def _trunk_corners(positions: Array, present: NDArray[np.bool_]) -> Array:
    """(T, 4, 3): shoulders and hips, left before right; a corner that is never there is completed from the others.

    Raises TooLittleError when fewer than three corners were ever seen.
    """
    indices = (_L_SHOULDER, _R_SHOULDER, _L_HIP, _R_HIP)
    corners = positions[:, indices].copy()
    absent = [i for i, joint in enumerate(indices) if not present[:, joint].any()]
    if len(absent) > 1:
        raise TooLittleError("fewer than three of shoulders and hips were measured, so the trunk is unknown")
    if absent:
        corner = absent[0]
        neighbour = corner ^ 1
        other_left, other_right = (2, 3) if corner < 2 else (0, 1)
        across = corners[:, other_left] - corners[:, other_right]
        width = across / HIP_TO_SHOULDER_WIDTH if corner < 2 else across * HIP_TO_SHOULDER_WIDTH
        corners[:, corner] = corners[:, neighbour] + (width if corner % 2 == 0 else -width)
    return corners


def _trunk_length_m(corners: Array) -> float:
    """Mean of the four torso edges, median over the frames."""
    edges = [np.linalg.norm(corners[:, a] - corners[:, b], axis=1) for a, b in ((0, 1), (2, 3), (0, 2), (1, 3))]
    length_m = float(np.median(np.mean(edges, axis=0)))
    if not length_m > 0:
        raise TooLittleError("shoulders and hips coincide, so the trunk has no length")
    return length_m


def _to_athlete_frame(corners: Array) -> Array:
    """(3, 3) rotation about the vertical that turns the athlete's heading to +x."""
    left = (corners[:, 0] - corners[:, 1] + corners[:, 2] - corners[:, 3]).mean(axis=0)
    across = float(np.hypot(left[0], left[1]))
    if across == 0.0:
        return np.eye(3)
    ahead_x, ahead_y = left[1] / across, -left[0] / across
    return np.array([[ahead_x, ahead_y, 0.0], [-ahead_y, ahead_x, 0.0], [0.0, 0.0, 1.0]])


def _resampled(values: Array, times: Array, grid: Array) -> Array:
    """Linear interpolation along the first axis."""
    after = np.clip(np.searchsorted(times, grid), 1, len(times) - 1)
    share = (grid - times[after - 1]) / (times[after] - times[after - 1])
    share = share.reshape(-1, *([1] * (values.ndim - 1)))
    return values[after - 1] * (1.0 - share) + values[after] * share


def _joints_first(values: Array, mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """(L, 17, 3) to (17, L, 3), zero where missing."""
    return np.ascontiguousarray(np.where(mask[..., None], values, 0.0).transpose(1, 0, 2), dtype=np.float32)
