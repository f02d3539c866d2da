"""What a fusion is worth: coverage, and errors against a known truth beside the raw sensors on the same recording."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.fusion.associate import expected_images, nearest_people
from sport_nodes.fusion.evidence import view_of
from sport_nodes.fusion.triangulate import triangulate
from sport_nodes.measurements import AlignedTrial
from sport_nodes.motion import Motion
from sport_nodes.rig import Rig
from sport_nodes.sync.latency import Latency, with_latencies

Array = NDArray[np.float64]

#: Truth is not interpolated over a longer step [s].
MAX_STEP_S: Final = 0.1


def fusion_report(
    fused: Motion,
    aligned: AlignedTrial,
    rig: Rig,
    *,
    truth: Motion | None = None,
    latencies: Mapping[str, Latency] | None = None,
) -> dict[str, Any]:
    """frames, rate_hz, devices, coverage (share of joints and frames), and ground_truth [mm] when truth is known.

    A device's latency_ms is what its clock does not show and the motion does; NaN where that is not certain.
    """
    report: dict[str, Any] = {
        "frames": len(fused),
        "rate_hz": round(fused.rate_hz, 3),
        "devices": [
            {
                "name": clock.name,
                "offset_us": clock.offset_us,
                "drift_ppm": clock.drift_ppm,
                "jitter_us": clock.jitter_us,
                "latency_ms": clock.latency_ms,
                "dropped": clock.dropped,
                "trusted": clock.trusted,
            }
            for clock in with_latencies(aligned.clocks, latencies or {})
        ],
        "coverage": float(fused.present.mean()) if len(fused) else 0.0,
    }
    if truth is not None:
        report["ground_truth"] = errors_mm(fused, aligned, rig, truth=truth)
    return report


def errors_mm(fused: Motion, aligned: AlignedTrial, rig: Rig, *, truth: Motion) -> dict[str, float]:
    """Mean and 95th percentile of the joints' errors, and the means of the depth camera and of the cameras alone.

    Each over the joints that it has. The cameras' joints are triangulated frame by frame, the athlete chosen by the
    truth; so association is no handicap of theirs.
    """
    true_m = truth_at(truth, aligned.times_s)
    off = joint_errors_m(truth_at(fused, aligned.times_s), true_m) * 1e3
    return {
        "mpjpe_mm": _mean(off),
        "p95_mm": float(np.nanpercentile(off, 95)) if np.isfinite(off).any() else float("nan"),
        "depth_only_mm": _mean(joint_errors_m(aligned.depth_m, true_m) * 1e3),
        "cameras_only_mm": _mean(joint_errors_m(cameras_only(aligned, rig, reference_m=true_m), true_m) * 1e3),
    }


def joint_errors_m(positions_m: Array, true_m: Array) -> Array:
    """(T, 17) distances [m]; NaN where either is missing."""
    return np.asarray(np.linalg.norm(positions_m - true_m, axis=2))


def cameras_only(aligned: AlignedTrial, rig: Rig, *, reference_m: Array) -> Array:
    """(T, 17, 3) of the cameras alone: confidence-weighted linear triangulation of each frame.

    reference_m: (T, 17, 3) tells which person is meant.
    """
    view = view_of(aligned.camera_names, rig)
    result = np.full(reference_m.shape, np.nan)
    for t in range(len(aligned)):
        chosen = nearest_people(aligned.keypoints_px[t], *expected_images(reference_m[t], view.lens))
        rows, slots = np.arange(len(chosen)), np.maximum(chosen, 0)
        weight = np.where(chosen[:, None] >= 0, aligned.keypoint_confidence[t][rows, slots], 0.0)
        result[t] = triangulate(view.cameras, aligned.keypoints_px[t][rows, slots].transpose(1, 0, 2), weight.T)
    return result


def truth_at(truth: Motion, times_s: Array) -> Array:
    """(T, 17, 3) of a motion at other times, linear between its frames; NaN outside and over long steps."""
    after = np.clip(np.searchsorted(truth.times_s, times_s), 1, len(truth) - 1)
    before = after - 1
    step_s = truth.times_s[after] - truth.times_s[before]
    share = (times_s - truth.times_s[before]) / step_s
    first, second = truth.positions_m[before], truth.positions_m[after]
    result = np.where(share[:, None, None] == 0.0, first, first + share[:, None, None] * (second - first))
    result = np.where(share[:, None, None] == 1.0, second, result)
    result[(share < 0.0) | (share > 1.0) | (step_s > MAX_STEP_S)] = np.nan
    return np.asarray(result)


def _mean(values: Array) -> float:
    return float(np.nanmean(values)) if np.isfinite(values).any() else float("nan")
