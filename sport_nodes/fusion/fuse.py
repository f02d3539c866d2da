"""Whole-trial fusion: a live pass finds the athlete, then all frames are solved together."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.errors import InputError
from sport_nodes.fusion.athlete import AthleteModel
from sport_nodes.fusion.evidence import Sighting, restore_sides_of_trial, view_of, weighed
from sport_nodes.fusion.lengths import BONE_INDEX, BoneLengths
from sport_nodes.fusion.live import FusedFrame, LiveFusion
from sport_nodes.fusion.mounting import felt_motion
from sport_nodes.fusion.objective import OUTLIER_SQUARED, UNKNOWNS, WIDE_FACTOR, Evidence
from sport_nodes.fusion.result import as_motion, provenance_of, source_counts
from sport_nodes.fusion.smooth import ORDER, accumulate_trial, jerk_weight, marginal_sigma, smooth_step
from sport_nodes.measurements import AlignedTrial, ImuStream
from sport_nodes.motion import Motion
from sport_nodes.rig import Rig
from sport_nodes.skeleton import JOINT_COUNT
from sport_nodes.sync.align import MAX_FILL_S
from sport_nodes.sync.latency import Latency, latency_from_motion, pooled
from sport_nodes.sync.resample import in_time_order, resample_orientation

Array = NDArray[np.float64]

LOG: Final = logging.getLogger(__name__)
#: Rounds of learning (lengths, mountings, sides, smoothness) and solving: a third makes the motion smoother than it is.
ROUNDS: Final = 2


def fuse_trial(
    aligned: AlignedTrial,
    rig: Rig,
    *,
    lengths: BoneLengths | None = None,
    imus: Mapping[str, ImuStream] = MappingProxyType({}),
) -> Motion:
    """The fused skeleton of a whole trial on its own grid, smoothed over all frames.

    Frames before the athlete is first seen, or after they are last seen, are missing. lengths: the athlete's, when on
    record. imus: their own samples, which time them better than those on the grid. Raises InputError when nobody is
    seen for as many frames as smoothness takes.
    """
    return fuse_and_time(aligned, rig, lengths=lengths, imus=imus)[0]


def fuse_and_time(
    aligned: AlignedTrial,
    rig: Rig,
    *,
    lengths: BoneLengths | None = None,
    imus: Mapping[str, ImuStream] = MappingProxyType({}),
) -> tuple[Motion, dict[str, Latency]]:
    """`fuse_trial`, and how late each IMU's stamps are by the motion; what is certain of that was taken off them."""
    live = LiveFusion(rig, lengths=lengths)
    fused = [live.fuse(aligned.frame(t)) for t in range(len(aligned))]
    seen = np.array([t for t, frame in enumerate(fused) if frame is not None], dtype=np.intp)
    if len(seen) <= ORDER:
        raise InputError(
            f"the athlete is seen in {len(seen)} of {len(aligned)} frames; check that the depth camera or two cameras "
            "see the athlete, and that the rig is theirs"
        )
    for words in filter(None, live.warnings.values()):
        LOG.warning(words)
    found = [frame for frame in fused if frame is not None]
    trial = _Trial(aligned, rig, seen, found, live.model)
    trial.learn()
    trial.solve(with_imus=False)  # late IMUs must not draw the skeleton that they are timed by
    latencies = trial.time_imus(imus)
    for _ in range(ROUNDS - 1):
        trial.learn()
        trial.solve()
    return trial.motion(), dict(zip(aligned.imu_names, latencies, strict=True))


class _Trial:
    """The frames in which somebody was seen, and their present solution."""

    def __init__(
        self, aligned: AlignedTrial, rig: Rig, seen: NDArray[np.intp], found: list[FusedFrame], model: AthleteModel
    ) -> None:
        self.all_times_s = aligned.times_s
        self.seen = seen
        self.times_s = aligned.times_s[seen]
        self.lens = view_of(aligned.camera_names, rig).lens
        self.model = model
        self.orientation_xyzw = aligned.imu_orientation_xyzw[seen]
        self.imu_vectors = aligned.imu_vectors[seen]
        self.points = np.stack([frame.points_m for frame in found])
        self.sigma = np.stack([frame.sigma_m for frame in found])
        self.counts = np.stack([frame.counts for frame in found])
        self.bridged = np.stack([frame.bridged for frame in found])
        self.sightings = Sighting(*(np.stack(part) for part in zip(*(frame.sighting for frame in found), strict=True)))
        self.evidence = self._evidence()
        self.weight = jerk_weight(self.times_s, self.points)

    def learn(self) -> None:
        """Sides, lengths, mountings and smoothness from the present solution."""
        restore_sides_of_trial(self.sightings, self.lens, self.points, self.sigma)
        measured = np.where(self.counts > self.bridged, self.sigma, np.inf)
        self.model.learn(self.points, measured, self.orientation_xyzw)
        self.weight = jerk_weight(self.times_s, self.points)
        self.evidence = self._evidence()

    def time_imus(self, imus: Mapping[str, ImuStream]) -> list[Latency]:
        """Each IMU's latency against the skeleton; those that are certain are taken off its orientations."""
        joints = self.points[:, self.model.segments]  # (T, S, 4, 3): two upper, two lower
        ends_m = np.stack([joints[:, :, :2].mean(axis=2), joints[:, :, 2:].mean(axis=2)], axis=2)
        alone = []
        for s, mount in enumerate(self.model.imus):
            own = imus.get(mount.name)
            if own is None:
                own = ImuStream(self.times_s, self.orientation_xyzw[:, s], self.imu_vectors[:, s])
            at = in_time_order(own.times_s)
            felt = felt_motion(self.model.mountings[s], own.orientation_xyzw[at], own.vectors[at])
            alone.append(latency_from_motion(self.times_s, ends_m[:, s], own.times_s[at], *felt))
        latencies = pooled(alone)
        for s, latency in enumerate(latencies):
            if latency.correction_s:
                known = np.isfinite(self.orientation_xyzw[:, s]).all(axis=1)
                self.orientation_xyzw[:, s] = resample_orientation(
                    self.times_s[known],
                    self.orientation_xyzw[known, s],
                    self.times_s + latency.correction_s,
                    max_interval_s=MAX_FILL_S,
                    max_gap_s=MAX_FILL_S,
                )[0]
        return latencies

    def solve(self, *, with_imus: bool = True) -> None:
        evidence = self.evidence
        if not with_imus:
            evidence = evidence._replace(direction_weight=np.zeros_like(evidence.direction_weight))
        for outlier in (WIDE_FACTOR * OUTLIER_SQUARED, OUTLIER_SQUARED):
            self.points = smooth_step(
                self.times_s, self.points, self.lens, evidence, weight=self.weight, outlier=outlier
            )
        matrices = np.empty((len(self.points), UNKNOWNS, UNKNOWNS))
        gradients = np.empty((len(self.points), UNKNOWNS))
        accumulate_trial(self.points, self.lens, evidence, OUTLIER_SQUARED, matrices, gradients)
        self.sigma = marginal_sigma(self.times_s, matrices, self.weight)

    def motion(self) -> Motion:
        counted = [
            source_counts(points, Sighting(*sighting), self.lens)
            for points, *sighting in zip(self.points, *self.sightings, strict=True)
        ]
        provenance = provenance_of(np.stack([c for c, _ in counted]), np.stack([b for _, b in counted]))
        shape = (len(self.all_times_s), JOINT_COUNT)
        points, sigma = np.full((*shape, 3), np.nan), np.full(shape, np.nan)
        sources = np.zeros(shape, dtype=np.uint8)
        points[self.seen], sigma[self.seen], sources[self.seen] = self.points, self.sigma, provenance
        return as_motion(self.all_times_s, points, sigma, sources)

    def _evidence(self) -> Evidence:
        directions, direction_weight = self.model.directions(self.orientation_xyzw)
        keypoints_px, keypoint_weight, depth_m = weighed(self.sightings)
        count = len(self.times_s)
        return Evidence(
            keypoints_px=keypoints_px,
            keypoint_weight=keypoint_weight,
            depth_m=depth_m,
            depth_information=self.sightings.depth_information,
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
