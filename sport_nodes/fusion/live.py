"""Live fusion: equation 1 solved frame by frame, warm-started, with the past as prior."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.fusion.athlete import AthleteModel
from sport_nodes.fusion.cholesky import joint_covariances
from sport_nodes.fusion.evidence import Sighting, View, restore_sides, sight, view_of, weighed
from sport_nodes.fusion.lengths import BONE_INDEX, BoneLengths, ShapeCheck, check_shape
from sport_nodes.fusion.objective import Evidence, solve_frame
from sport_nodes.fusion.result import as_motion, provenance_of, source_counts
from sport_nodes.fusion.start import first_guess
from sport_nodes.fusion.tracker import UNSEEN_M, JointTracker
from sport_nodes.fusion.trust import CameraTrust
from sport_nodes.measurements import AlignedTrial
from sport_nodes.motion import Motion
from sport_nodes.rig import Rig
from sport_nodes.skeleton import JOINT_COUNT

Array = NDArray[np.float64]

#: Iterations of one frame; a warm start takes two or three.
MAX_ITERATIONS: Final = 12
#: After a pause this long the athlete is looked for anew [s].
FORGET_S: Final = 0.5
#: A joint whose prediction is worse than this is looked for anew [m].
LOST_M: Final = 0.15
#: ... and one that half of its sensors disagree with for so many frames.
DOUBTED_FRAMES: Final = 2
#: A prediction this good, in the median joint, identifies the athlete among others [m].
IDENTIFY_M: Final = 0.2
#: A first guess may be off by this [m].
GUESS_SIGMA_M: Final = 0.15
#: Fewer seen joints are nobody.
MIN_JOINTS: Final = 4


@dataclass(frozen=True, eq=False)
class FusedFrame:
    """One solved frame: the joints, their deviations (17,), their sources, and the evidence they rest on."""

    points_m: Array
    sigma_m: Array
    counts: NDArray[np.int64]
    bridged: NDArray[np.int64]
    sighting: Sighting
    evidence: Evidence
    cost: float


class LiveFusion:
    """Fuses aligned frames of one rig as they come. lengths: the athlete's, when they are on record."""

    def __init__(self, rig: Rig, *, lengths: BoneLengths | None = None) -> None:
        self._rig = rig
        self._given_lengths = lengths
        self._names: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
        self._view: View = view_of((), rig)
        self._trust = CameraTrust(0)
        self._model = AthleteModel(rig, (), lengths)
        self._tracker: JointTracker | None = None
        self._doubted = np.zeros(JOINT_COUNT, dtype=np.int64)  # frames that half of a joint's sensors disagreed
        self._last_s = -np.inf
        self._seen_s = -np.inf
        self._near_m = np.zeros(3)  # the athlete starts at the origin

    @property
    def lengths(self) -> BoneLengths:
        """Limb lengths as learnt so far."""
        return self._model.lengths

    @property
    def shape(self) -> ShapeCheck:
        """Whether the limbs are a human's."""
        return check_shape(self._model.lengths)

    @property
    def distrusted_cameras(self) -> tuple[str, ...]:
        """Cameras that disagree with the rest: knocked, badly calibrated, or with wrong stamps."""
        return tuple(c.name for c, bad in zip(self._view.cameras, self._trust.distrusted, strict=True) if bad)

    @property
    def warnings(self) -> dict[str, str]:
        """What speaks against the skeleton, "" where nothing does: `cameras` that disagree, the athlete's `shape`."""
        names = ", ".join(self.distrusted_cameras)
        words = "the other sensors contradict it; check its calibration and its clock"
        return {"cameras": f"{names}: {words}" if names else "", "shape": self.shape.warning}

    @property
    def model(self) -> AthleteModel:
        return self._model

    def step(self, frame: AlignedTrial) -> Motion:
        """The fused skeleton of one aligned frame, as a motion of length 1; all missing while nobody is seen."""
        fused = self.fuse(frame)
        if fused is None:
            nothing = np.full((1, JOINT_COUNT), np.nan)
            return as_motion(
                frame.times_s, np.full((1, JOINT_COUNT, 3), np.nan), nothing, np.zeros((1, JOINT_COUNT), np.uint8)
            )
        provenance = provenance_of(fused.counts, fused.bridged)[None]
        return as_motion(frame.times_s, fused.points_m[None], fused.sigma_m[None], provenance)

    def fuse(self, frame: AlignedTrial) -> FusedFrame | None:
        """One aligned frame with everything that the whole-trial fusion builds on; None while nobody is seen."""
        self._prepare(frame)
        time_s = float(frame.times_s[0])
        tracker = self._predicted(time_s)
        expected = None
        if tracker is not None and np.sort(tracker.sigma_m)[JOINT_COUNT // 2] < IDENTIFY_M:
            expected = tracker.positions_m
        sighting = sight(frame, self._view, expected_m=expected, near_m=self._near_m, camera_factor=self._trust.factor)
        if tracker is not None:
            restore_sides(sighting, self._view.lens, tracker.positions_m, tracker.sigma_m)
        tracker = self._with_found_joints(tracker, sighting)
        if tracker is None:
            return None
        evidence = self._evidence(frame, sighting, tracker)
        points, matrix, cost = solve_frame(tracker.positions_m, self._view.lens, evidence, MAX_ITERATIONS)
        covariance = np.empty((JOINT_COUNT, 3, 3))
        joint_covariances(matrix, covariance)
        tracker.update(points, covariance)
        sigma = tracker.sigma_m
        self._trust.watch(points, self._view.lens, sighting, frame.keypoint_confidence[0])
        counts, bridged = source_counts(points, sighting, self._view.lens)
        if (counts > 0).sum() >= MIN_JOINTS:
            self._seen_s = time_s
            self._near_m = np.sort(points, axis=0)[JOINT_COUNT // 2]
        seen = np.isfinite(sighting.sigma_px).sum(axis=0) + (sighting.depth_information[:, 0, 0] > 0)
        self._doubted = np.where(2 * counts <= seen, self._doubted + 1, 0)
        measured = np.where(counts > bridged, sigma, np.inf)
        self._model.watch(points, measured, frame.imu_orientation_xyzw[0])
        self._tracker, self._last_s = tracker, time_s
        return FusedFrame(points, sigma, counts, bridged, sighting, evidence, cost)

    def _prepare(self, frame: AlignedTrial) -> None:
        names = (frame.camera_names, frame.imu_names)
        if names == self._names:
            return
        self._names = names
        self._view = view_of(frame.camera_names, self._rig)
        self._trust = CameraTrust(len(self._view.cameras))
        self._model = AthleteModel(self._rig, frame.imu_names, self._given_lengths)

    def _predicted(self, time_s: float) -> JointTracker | None:
        """The tracker at this frame; None when there is none or its knowledge is too old."""
        step_s = time_s - self._last_s
        if self._tracker is None or not 0.0 < step_s < FORGET_S or time_s - self._seen_s > FORGET_S:
            self._tracker = None
            return None
        self._tracker.predict(step_s)
        return self._tracker

    def _with_found_joints(self, tracker: JointTracker | None, sighting: Sighting) -> JointTracker | None:
        """The tracker with joints that were lost, or never seen, placed where the sensors see them."""
        if tracker is not None:
            lost = np.asarray((tracker.sigma_m > LOST_M) | (self._doubted >= DOUBTED_FRAMES))
            if lost.any():
                guess = first_guess(sighting, self._view.lens, tracker.positions_m)
                found: NDArray[np.bool_] = np.asarray(lost & (guess != tracker.positions_m).any(axis=1))
                tracker.move(found, guess, GUESS_SIGMA_M)
            return tracker
        guess = first_guess(sighting, self._view.lens, np.full((JOINT_COUNT, 3), np.nan))
        found = np.asarray(np.isfinite(guess).all(axis=1))
        if found.sum() < MIN_JOINTS:
            return None
        middle = np.median(guess[found], axis=0)
        return JointTracker(np.where(found[:, None], guess, middle), np.where(found, GUESS_SIGMA_M, UNSEEN_M))

    def _evidence(self, frame: AlignedTrial, sighting: Sighting, tracker: JointTracker) -> Evidence:
        model = self._model
        directions, direction_weight = model.directions(frame.imu_orientation_xyzw)
        keypoints_px, keypoint_weight, depth_m = weighed(sighting)
        return Evidence(
            keypoints_px=keypoints_px,
            keypoint_weight=keypoint_weight,
            depth_m=depth_m,
            depth_information=sighting.depth_information,
            segments=model.segments,
            directions=directions[0],
            direction_weight=direction_weight[0],
            segment_m=model.segment_m.copy(),
            bones=BONE_INDEX,
            bone_m=np.nan_to_num(model.lengths.length_m),
            bone_weight=model.lengths.weight,
            prior_m=tracker.positions_m.copy(),
            prior_information=tracker.information,
        )
