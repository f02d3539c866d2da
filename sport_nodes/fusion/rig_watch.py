"""Whether each camera still stands where it was calibrated, from the athlete whom several of them see at once."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from sport_nodes.fusion.triangulate import triangulate
from sport_nodes.measurements import AlignedTrial
from sport_nodes.rig import Camera, Rig
from sport_nodes.skeleton import JOINT_COUNT

Array = NDArray[np.float64]

#: Instants are kept for this long [s], not closer together than this: neighbouring images have the same errors [s].
WINDOW_S: Final = 4.0
PERIOD_S: Final = 0.15
#: Joints below this confidence are left out.
MINIMUM_CONFIDENCE: Final = 0.3
#: Nothing is said of a camera before so many joints of so many instants were seen by it and two others.
MINIMUM_POINTS: Final = 100
MINIMUM_INSTANTS: Final = 10
#: A camera that seems turned by less may stand still: detectors put joints elsewhere from another side [deg] ...
ALARM_DEG: Final = 0.6
#: ... and turning it back must take away this part of its distance from the others.
ALARM_GAIN: Final = 0.15
#: So long it learns how the cameras stand, with these time constants then and later [s] ...
LEARNING_S: Final = 6.0
LEARNING_TAU_S: Final = 2.0
KEEPING_TAU_S: Final = 60.0
#: ... and a camera that is found so far from its calibration was moved before [deg].
MISFIT_DEG: Final = 2.5
#: Rounds of the robust fit, and the error from which on a joint counts less, in medians.
ROUNDS: Final = 4
HUBER_MEDIANS: Final = 1.5


@dataclass(frozen=True)
class CameraHealth:
    """residual_px: median distance of its keypoints from where the other cameras' rays meet, NaN where unknown.

    turned_deg: the rotation that would explain it, NaN where unknown. moved: it turned since the watch began, or stands
    far from its calibration.
    """

    name: str
    residual_px: float
    turned_deg: float
    moved: bool


class RigWatch:
    """Remembers the last seconds. Three cameras (the depth camera counts as one) are the fewest that can tell.

    Real calibrations and detectors disagree by a degree and more to begin with (docs/capture.md), always in one way. So
    the first seconds with a person in view teach how each camera stands as it is found, later ones correct that slowly,
    and a camera that turns away from there has been moved.
    """

    def __init__(self, rig: Rig) -> None:
        self._rig = rig
        self._cameras = (*rig.cameras, *((rig.depth,) if rig.depth else ()))
        self._found = self._cameras
        self._instants: deque[tuple[float, Array]] = deque()
        self._learned_s = 0.0
        self._fresh = 0

    def add(self, frame: AlignedTrial) -> None:
        """One frame of the graph: the athlete as the only person (P = 1) of each camera."""
        time_s = float(frame.times_s[0])
        if self._instants and time_s < self._instants[-1][0]:
            self._instants.clear()  # time was set back: a replay that begins again
        if self._instants and time_s - self._instants[-1][0] < PERIOD_S:
            return
        pixels = {}
        for c, name in enumerate(frame.camera_names):
            sure = (frame.keypoint_confidence[0, c, 0] >= MINIMUM_CONFIDENCE) & ~frame.keypoint_filled[0, c, 0]
            pixels[name] = np.where(sure[:, None], frame.keypoints_px[0, c, 0], np.nan)
        if self._rig.depth:
            # Its joints' depth does not matter here: as seen in its image, they are one more camera's.
            sure = (frame.depth_confidence[0] >= MINIMUM_CONFIDENCE) & ~frame.depth_filled[0]
            pixels[self._rig.depth.name] = self._rig.depth.project(np.where(sure[:, None], frame.depth_m[0], np.nan))
        unseen = np.full((JOINT_COUNT, 2), np.nan)
        self._fresh += bool(pixels)
        self._instants.append((time_s, np.stack([pixels.get(c.name, unseen) for c in self._cameras], axis=1)))
        while time_s - self._instants[0][0] > WINDOW_S:
            self._instants.popleft()

    def report(self) -> tuple[CameraHealth, ...]:
        """How every camera stands, in the rig's order, the depth camera last."""
        if len(self._instants) < MINIMUM_INSTANTS:
            return tuple(CameraHealth(c.name, math.nan, math.nan, False) for c in self._cameras)
        seen = np.concatenate([pixels for _, pixels in self._instants])  # (N, C, 2)
        views = [_without(self._found, seen, c) for c in range(len(self._cameras))]
        learning = self._learned_s < LEARNING_S
        gains = [view.gain if view.turned_deg > ALARM_DEG and not learning else 0.0 for view in views]
        suspect = int(np.argmax(gains)) if max(gains) > ALARM_GAIN else -1
        misfits = [_apart_deg(found, made) > MISFIT_DEG for found, made in zip(self._found, self._cameras, strict=True)]
        if suspect < 0:
            self._learn(views, LEARNING_TAU_S if learning else KEEPING_TAU_S)
        self._fresh = 0
        return tuple(
            CameraHealth(camera.name, view.residual_px, view.turned_deg, c == suspect or misfits[c])
            for c, (camera, view) in enumerate(zip(self._cameras, views, strict=True))
        )

    def _learn(self, views: list[_View], tau_s: float) -> None:
        """Turn the cameras towards where they are seen to stand, by as much as the time since the last call allows."""
        passed_s = self._fresh * PERIOD_S
        part = 1.0 - math.exp(-passed_s / tau_s)
        self._learned_s += passed_s
        self._found = tuple(_turned(camera, part * view.turn) for camera, view in zip(self._found, views, strict=True))


@dataclass(frozen=True)
class _View:
    """One camera against the others: as calibrated, and turned back."""

    residual_px: float
    turn: Array  # (3,) rotation vector that turns it back; zero where unknown
    corrected_px: float

    @property
    def turned_deg(self) -> float:
        return math.degrees(float(np.linalg.norm(self.turn))) if math.isfinite(self.residual_px) else math.nan

    @property
    def gain(self) -> float:
        """The part of its distance from the others that turning it back takes away."""
        return 1.0 - self.corrected_px / self.residual_px


_UNKNOWN: Final = _View(math.nan, np.zeros(3), math.nan)


def _without(cameras: tuple[Camera, ...], seen: Array, left_out: int) -> _View:
    others = [c for c in range(len(cameras)) if c != left_out]
    if len(others) < 2:
        return _UNKNOWN
    rest = tuple(cameras[c] for c in others)
    points = triangulate(rest, seen[:, others], np.ones((len(seen), len(others))))
    camera, pixels = cameras[left_out], seen[:, left_out]
    apart = np.linalg.norm(camera.project(points) - pixels, axis=1)
    good = np.isfinite(apart)
    if good.sum() < MINIMUM_POINTS:
        return _UNKNOWN
    turn = Rotation.from_matrix(_small_turn(_directions(camera, pixels[good]), camera.to_optical(points[good])))
    turned = _turned(camera, turn.as_rotvec())
    corrected = np.linalg.norm(turned.project(points[good]) - pixels[good], axis=1)
    return _View(float(np.median(apart[good])), turn.as_rotvec(), float(np.median(corrected)))


def _turned(camera: Camera, vector: Array) -> Camera:
    turn = Rotation.from_rotvec(vector).as_matrix()
    return replace(camera, rotation=turn @ camera.rotation, translation_m=turn @ camera.translation_m)


def _apart_deg(a: Camera, b: Camera) -> float:
    return math.degrees(float(Rotation.from_matrix(a.rotation @ b.rotation.T).magnitude()))


def _directions(camera: Camera, pixels: Array) -> Array:
    ideal = camera.undistort(pixels)
    rays = np.concatenate([ideal, np.ones((len(ideal), 1))], axis=1)
    return np.asarray(rays / np.linalg.norm(rays, axis=1, keepdims=True))


def _small_turn(seen: Array, expected: Array) -> Array:
    """(3, 3) rotation that takes expected points (N, 3) onto seen directions (N, 3), wrong joints counting little."""
    expected = expected / np.linalg.norm(expected, axis=1, keepdims=True)
    weight, turn = np.ones(len(seen)), np.eye(3)
    for _ in range(ROUNDS):
        u, _, vt = np.linalg.svd((seen * weight[:, None]).T @ expected)
        turn = u @ np.diag([1.0, 1.0, np.linalg.det(u @ vt)]) @ vt
        error = np.linalg.norm(seen - expected @ turn.T, axis=1)
        weight = np.minimum(1.0, HUBER_MEDIANS * np.median(error) / np.maximum(error, 1e-12))
    return np.asarray(turn)
