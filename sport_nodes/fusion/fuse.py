"""Whole-trial fusion: a live pass finds the athlete, then all frames are solved together."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.errors import InputError
from sport_nodes.fusion.athlete import AthleteModel
from sport_nodes.fusion.evidence import Sighting, view_of, with_true_sides
from sport_nodes.fusion.lengths import BONE_INDEX, BoneLengths
from sport_nodes.fusion.live import FusedFrame, LiveFusion
from sport_nodes.fusion.objective import OUTLIER_SQUARED, UNKNOWNS, WIDE_FACTOR, Evidence
from sport_nodes.fusion.result import as_motion, provenance_of, source_counts
from sport_nodes.fusion.smooth import ORDER, accumulate_trial, jerk_weight, marginal_sigma, smooth_step
from sport_nodes.measurements import AlignedTrial
from sport_nodes.motion import Motion
from sport_nodes.rig import Rig
from sport_nodes.skeleton import JOINT_COUNT

Array = NDArray[np.float64]

#: Rounds of learning (lengths, mountings, sides, smoothness) and solving.
ROUNDS: Final = 3


def fuse_trial(aligned: AlignedTrial, rig: Rig, *, lengths: BoneLengths | None = None) -> Motion:
    """The fused skeleton of a whole trial on its own grid, smoothed over all frames.

    Frames before the athlete is first seen, or after they are last seen, are missing. lengths: the athlete's, when on
    record. Raises InputError when nobody is seen for as many frames as smoothness takes.
    """
    live = LiveFusion(rig, lengths=lengths)
    fused = [live.fuse(aligned.frame(t)) for t in range(len(aligned))]
    seen = np.array([t for t, frame in enumerate(fused) if frame is not None], dtype=np.intp)
    if len(seen) <= ORDER:
        raise InputError(
            f"the athlete is seen in {len(seen)} of {len(aligned)} frames; check that the depth camera or two cameras "
            "see the athlete, and that the rig is theirs"
        )
    found = [frame for frame in fused if frame is not None]
    trial = _Trial(aligned, rig, seen, found, live.model)
    for _ in range(ROUNDS):
        trial.learn()
        trial.solve()
    return trial.motion()


class _Trial:
    """The frames in which somebody was seen, and their present solution."""

    def __init__(
        self, aligned: AlignedTrial, rig: Rig, seen: NDArray[np.intp], found: list[FusedFrame], model: AthleteModel
    ) -> None:
        self.all_times_s = aligned.times_s
        self.seen = seen
        self.times_s = aligned.times_s[seen]
        self.view = view_of(aligned.camera_names, rig)
        self.lens = self.view.lens
        self.model = model
        self.orientation_xyzw = aligned.imu_orientation_xyzw[seen]
        self.points = np.stack([frame.points_m for frame in found])
        self.sigma = np.stack([frame.sigma_m for frame in found])
        self.counts = np.stack([frame.counts for frame in found])
        self.bridged = np.stack([frame.bridged for frame in found])
        self.sightings: list[Sighting] = [frame.sighting for frame in found]
        self.evidence = self._evidence()
        self.weight = jerk_weight(self.times_s, self.points)

    def learn(self) -> None:
        """Sides, lengths, mountings and smoothness from the present solution."""
        self.sightings = [
            with_true_sides(s, self.view, p, d) for s, p, d in zip(self.sightings, self.points, self.sigma, strict=True)
        ]
        measured = np.where(self.counts > self.bridged, self.sigma, np.inf)
        self.model.learn(self.points, measured, self.orientation_xyzw)
        self.weight = jerk_weight(self.times_s, self.points)
        self.evidence = self._evidence()

    def solve(self) -> None:
        for outlier in (WIDE_FACTOR * OUTLIER_SQUARED, OUTLIER_SQUARED):
            self.points = smooth_step(
                self.times_s, self.points, self.lens, self.evidence, weight=self.weight, outlier=outlier
            )
        matrices = np.empty((len(self.points), UNKNOWNS, UNKNOWNS))
        gradients = np.empty((len(self.points), UNKNOWNS))
        accumulate_trial(self.points, self.lens, self.evidence, OUTLIER_SQUARED, matrices, gradients)
        self.sigma = marginal_sigma(self.times_s, matrices, self.weight)

    def motion(self) -> Motion:
        counted = [source_counts(p, s, self.lens) for p, s in zip(self.points, self.sightings, strict=True)]
        provenance = provenance_of(np.stack([c for c, _ in counted]), np.stack([b for _, b in counted]))
        shape = (len(self.all_times_s), JOINT_COUNT)
        points, sigma = np.full((*shape, 3), np.nan), np.full(shape, np.nan)
        sources = np.zeros(shape, dtype=np.uint8)
        points[self.seen], sigma[self.seen], sources[self.seen] = self.points, self.sigma, provenance
        return as_motion(self.all_times_s, points, sigma, sources)

    def _evidence(self) -> Evidence:
        directions, direction_weight = self.model.directions(self.orientation_xyzw)
        sigma = np.stack([s.sigma_px for s in self.sightings])
        xy = np.stack([s.xy_px for s in self.sightings])
        known = np.isfinite(sigma)
        count = len(self.times_s)
        return Evidence(
            keypoints_px=np.where(known[..., None], xy, 0.0),
            keypoint_weight=np.where(known, 1.0 / sigma**2, 0.0),
            depth_m=np.nan_to_num(np.stack([s.depth_m for s in self.sightings])),
            depth_information=np.stack([s.depth_information for s in self.sightings]),
            segments=self.model.segments,
            directions=directions,
            direction_weight=direction_weight,
            segment_m=self.model.segment_m.copy(),
            bones=BONE_INDEX,
            bone_m=np.nan_to_num(self.model.lengths.length_m),
            bone_weight=self.model.lengths.weight,
            prior_m=np.zeros((count, JOINT_COUNT, 3)),
            prior_information=np.zeros((count, JOINT_COUNT, 3, 3)),
        )
