"""Whether each camera still stands where it was calibrated, from the athlete whom several of them see at once."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.fusion.noise import keypoint_sigma_px
from sport_nodes.fusion.rig_change import Change, Known, RigChange
from sport_nodes.fusion.rig_turns import turn_evidence
from sport_nodes.fusion.triangulate import triangulate
from sport_nodes.measurements import AlignedTrial
from sport_nodes.rig import Rig
from sport_nodes.skeleton import JOINT_COUNT

Array = NDArray[np.float64]

#: Images are used not closer together than this: neighbouring ones have nearly the same errors [s].
PERIOD_S: Final = 0.1
#: What is seen in so long is one block; a detector's errors are forgotten from one to the next [s].
BLOCK_S: Final = 0.5
#: The distances from the other cameras' rays are told of so long [s].
RESIDUAL_S: Final = 4.0
#: Joints below this confidence are left out.
MINIMUM_CONFIDENCE: Final = 0.3
#: No distance is told of a camera before so many joints were seen by it and two others.
MINIMUM_POINTS: Final = 100


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
    what is seen of a person teaches how each camera stands as it is found, and one that turns away from there has been
    moved (`RigChange`).
    """

    def __init__(self, rig: Rig, known: Known | None = None) -> None:
        """known: how the cameras stood before (`rig_stand.load_stand`); without it, that is learned first."""
        self._rig = rig
        self._cameras = (*rig.cameras, *((rig.depth,) if rig.depth else ()))
        self._instants: deque[tuple[float, Array]] = deque()
        self._block: list[tuple[float, Array, Array]] = []
        self._change = RigChange(len(self._cameras), block_s=BLOCK_S, known=known)

    def add(self, frame: AlignedTrial) -> None:
        """One frame of the graph: the athlete as the only person (P = 1) of each camera."""
        time_s = float(frame.times_s[0])
        if self._instants and time_s < self._instants[-1][0]:
            self._instants.clear()  # time was set back: a replay that begins again
            self._block.clear()
        if self._instants and time_s - self._instants[-1][0] < PERIOD_S:
            return
        pixels, confidence = self.seen(frame)
        self._instants.append((time_s, pixels))
        while time_s - self._instants[0][0] > RESIDUAL_S:
            self._instants.popleft()
        if self._block and time_s - self._block[0][0] >= BLOCK_S:
            self._change.add(
                turn_evidence(
                    self._cameras,
                    np.concatenate([seen for _, seen, _ in self._block]),
                    np.concatenate([sigma for *_, sigma in self._block]),
                )
            )
            self._block.clear()
        self._block.append((time_s, pixels, keypoint_sigma_px(np.swapaxes(pixels, 0, 1), confidence.T).T))

    @property
    def last_s(self) -> float:
        """Time of the last image that was used; 0 before the first."""
        return self._instants[-1][0] if self._instants else 0.0

    @property
    def blocks(self) -> int:
        """Blocks of BLOCK_S in which three cameras or more saw somebody."""
        return self._change.blocks

    def known(self) -> Known:
        """How the cameras were seen to stand so far."""
        return self._change.known()

    def report(self) -> tuple[CameraHealth, ...]:
        """How every camera stands, in the rig's order, the depth camera last."""
        residuals_px = self._residuals_px()
        unknown = Change(math.nan, False)
        changes = self._change.report() or (unknown,) * len(self._cameras)
        return tuple(
            CameraHealth(camera.name, residual_px, change.turned_deg, change.moved)
            for camera, residual_px, change in zip(self._cameras, residuals_px, changes, strict=True)
        )

    def seen(self, frame: AlignedTrial) -> tuple[Array, Array]:
        """(17, C, 2) pixels of the athlete and (17, C) confidence; NaN and 0 where unsure."""
        shape = (len(self._cameras), JOINT_COUNT)
        pixels, confidence = np.full((*shape, 2), np.nan), np.zeros(shape)
        rows = {camera.name: row for row, camera in enumerate(self._cameras)}
        for c, name in enumerate(frame.camera_names):
            if name not in rows:
                continue
            pixels[rows[name]] = frame.keypoints_px[0, c, 0]
            confidence[rows[name]] = np.where(frame.keypoint_filled[0, c, 0], 0.0, frame.keypoint_confidence[0, c, 0])
        if self._rig.depth:
            # Its joints' depth does not matter here: as seen in its image, they are one more camera's.
            pixels[-1] = self._rig.depth.project(frame.depth_m[0])
            confidence[-1] = np.where(frame.depth_filled[0], 0.0, frame.depth_confidence[0])
        sure = (confidence >= MINIMUM_CONFIDENCE) & np.isfinite(pixels).all(axis=2)
        pixels = np.where(sure[..., None], pixels, np.nan)
        return np.swapaxes(pixels, 0, 1), np.where(sure, confidence, 0.0).T

    def _residuals_px(self) -> list[float]:
        """Of each camera, against where the others' rays meet."""
        if not self._instants:
            return [math.nan] * len(self._cameras)
        seen = np.concatenate([pixels for _, pixels in self._instants])
        found = []
        for c, camera in enumerate(self._cameras):
            others = [o for o in range(len(self._cameras)) if o != c]
            rest = tuple(self._cameras[o] for o in others)
            points = triangulate(rest, seen[:, others], np.ones((len(seen), len(others))))
            apart = np.linalg.norm(camera.project(points) - seen[:, c], axis=1)
            good = np.isfinite(apart)
            found.append(float(np.median(apart[good])) if good.sum() >= MINIMUM_POINTS else math.nan)
        return found
