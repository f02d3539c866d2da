"""What deviates from the target, by how much, whether that can be told at all, and what causes it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.actions import Action, MetricSpec, load_action
from sport_nodes.body import Body
from sport_nodes.diagnosis.calibration import Calibration, typical_sigma_m
from sport_nodes.diagnosis.findings import (
    DEVIATES,
    NOT_ASSESSED,
    WITHIN_ERROR,
    WITHIN_TOLERANCE,
    Diagnosis,
    Finding,
)
from sport_nodes.diagnosis.measurement_error import REPEATS, WHOLE, ErrorParts, mdc95, standard_error
from sport_nodes.diagnosis.metrics import Repetition, joints_of, moment, read_metric
from sport_nodes.diagnosis.root_causes import root_causes
from sport_nodes.keyframes.alignment import Alignment
from sport_nodes.keyframes.events import OTHER_SIDE
from sport_nodes.keyframes.features import GRID_HZ, resample, smoothed_body
from sport_nodes.keyframes.target import TargetModel
from sport_nodes.motion import Motion
from sport_nodes.skeleton import INDEX

Array = NDArray[np.float64]

# A joint counts as measured in a window when it was in this share of its frames, by a sensor and not by guessing.
_LEAST_MEASURED: Final = 0.6
# The window looked at for that reaches this far around a keyframe, whatever the frame rate.
_MEASURED_MARGIN_S: Final = 0.05
# Targets whose smoothed bodies are kept: the shipped ones, and a few of the user's.
_TARGETS_KEPT: Final = 32


@dataclass(frozen=True, eq=False)
class _Subject:
    """A movement ready to be measured. measured: Motion.measured. sigma_m: (T, 17) on the smoothed body's frames."""

    motion: Motion
    measured: NDArray[np.bool_]
    body: Body
    sigma_m: Array
    repetitions: tuple[Repetition, ...]
    mirrored: bool


def diagnose(
    motion: Motion,
    alignment: Alignment,
    action: Action | str,
    target: TargetModel,
    calibration: Calibration | None = None,
) -> Diagnosis:
    """Compare every metric of the action with the target's; of a repeated movement, medians over the repetitions.

    Where there is no alignment there is no diagnosis, for the same reason. calibration: the lab's own measurement
    errors; a metric that it lacks has the one that follows from its joints' deviations.
    """
    spec = load_action(action) if isinstance(action, str) else action
    if alignment.reason:
        return Diagnosis(spec.name, (), (), alignment.reason)
    subject = _subject(motion, _repetitions(alignment, spec), mirrored=alignment.mirrored)
    stages = tuple(stage.name for stage in spec.stages)
    model = _model(target, stages)
    findings = [f for metric in spec.metrics for f in _findings(metric, subject, model, calibration)]
    return Diagnosis(spec.name, tuple(findings), root_causes(spec, findings))


def _subject(motion: Motion, repetitions: tuple[Repetition, ...], *, mirrored: bool) -> _Subject:
    even = resample(motion, GRID_HZ)
    return _Subject(motion, motion.measured, smoothed_body(even), even.sigma_m, repetitions, mirrored)


@lru_cache(maxsize=_TARGETS_KEPT)
def _model(target: TargetModel, stages: tuple[str, ...]) -> _Subject:
    repetition = Repetition(target.keyframes, target.stage_bounds_s, stages)
    return _subject(target.motion, (repetition,), mirrored=False)


def _repetitions(alignment: Alignment, action: Action) -> tuple[Repetition, ...]:
    stages = tuple(stage.name for stage in action.stages)
    return tuple(
        Repetition({k.name: k.time_s for k in alignment.keyframes if k.repetition == index}, bounds, stages)
        for index, bounds in enumerate(alignment.stage_bounds_s)
    )


def _findings(metric: MetricSpec, subject: _Subject, model: _Subject, calibration: Calibration | None) -> list[Finding]:
    sides = (
        ("left", "right")
        if metric.sides == "each"
        else ("" if metric.sides in ("mean", "difference") else metric.sides,)
    )
    return [_finding(metric, subject, model, side, calibration) for side in sides]


def _finding(
    metric: MetricSpec, subject: _Subject, model: _Subject, side: str, calibration: Calibration | None
) -> Finding:
    """side: in the target's handedness."""
    own = OTHER_SIDE[side] if subject.mirrored else side
    hidden = _hidden(metric, subject, own)
    if hidden and metric.sides == "mean":
        seen = [one for one in ("left", "right") if not _hidden(metric, subject, one)]
        if seen:
            own, hidden = seen[0], ()
    shown = own if metric.sides != "" else ""
    blank = Finding(
        metric=metric.name,
        label=metric.label,
        value=np.nan,
        target=np.nan,
        unit=metric.unit,
        deviation=np.nan,
        tolerance=metric.tolerance,
        mdc95=np.nan,
        verdict=NOT_ASSESSED,
        joints=joints_of(metric, own) or metric.joints,
        side=shown,
        stage=metric.stage,
        time_s=np.nan,
    )
    if hidden:
        return replace(blank, reason=f"not measured well enough: {', '.join(hidden)}")
    readings = np.array([_value(metric, subject, r, own) for r in subject.repetitions])
    if np.isnan(readings).all():
        return replace(blank, reason="it could not be read from this recording")
    value = float(np.nanmedian(readings))
    nearest = int(np.nanargmin(np.abs(readings - value)))
    wanted = _wanted(metric, model, side, value, mirrored=subject.mirrored)
    if not np.isfinite(wanted):
        return replace(blank, value=value, reason="the target model does not show it")
    finding = replace(
        blank,
        value=value,
        target=wanted,
        deviation=value - wanted,
        mdc95=mdc95(_error(metric, subject, own, readings, calibration, WHOLE)),
        repeat_mdc95=mdc95(_error(metric, subject, own, readings, calibration, REPEATS)),
        time_s=moment(metric, subject.body, subject.repetitions[nearest], side=own),
    )
    return _judged(metric, finding)


def _error(
    metric: MetricSpec,
    subject: _Subject,
    side: str,
    readings: Array,
    calibration: Calibration | None,
    parts: ErrorParts,
) -> float:
    """Standard error of measurement: the lab's own where it is known, else as the joints' deviations have it."""
    if calibration is not None:
        own = calibration.standard_error(metric.name, typical_sigma_m(subject.motion))
        if np.isfinite(own):
            return own
    errors = [
        standard_error(metric, subject.body, subject.sigma_m, r, side=side, rate_hz=subject.motion.rate_hz, parts=parts)
        for r, reading in zip(subject.repetitions, readings, strict=True)
        if np.isfinite(reading)
    ]
    return float(np.nanmedian(errors))


def _judged(metric: MetricSpec, finding: Finding) -> Finding:
    size = abs(finding.deviation)
    if not np.isfinite(finding.mdc95):
        return replace(finding, reason="its measurement error is not known")
    if size <= finding.tolerance:
        return replace(finding, verdict=WITHIN_TOLERANCE)
    if size <= finding.mdc95:
        return replace(finding, verdict=WITHIN_ERROR, reason="the deviation is no greater than the measurement error")
    return replace(finding, verdict=DEVIATES, label=metric.low_label if finding.deviation < 0 else metric.high_label)


def _value(metric: MetricSpec, subject: _Subject, repetition: Repetition, side: str) -> float:
    return float(read_metric(metric, subject.body, repetition, side=side))


def _wanted(metric: MetricSpec, model: _Subject, side: str, value: float, *, mirrored: bool) -> float:
    """The nearest value of the ideal range, or the target model's."""
    if metric.ideal is not None:
        return float(np.clip(value, *metric.ideal))
    wanted = _value(metric, model, model.repetitions[0], side)
    return -wanted if mirrored and metric.sides == "difference" else wanted


def _hidden(metric: MetricSpec, subject: _Subject, side: str) -> tuple[str, ...]:
    """The joints that were not measured in enough frames of most repetitions' windows."""
    motion = subject.motion
    joints = joints_of(metric, side)
    shares = []
    for repetition in subject.repetitions:
        begin, end = repetition.window(metric)
        inside = (motion.times_s >= begin - _MEASURED_MARGIN_S) & (motion.times_s <= end + _MEASURED_MARGIN_S)
        measured = subject.measured[inside]
        shares.append([measured[:, INDEX[j]].mean() if inside.any() else 0.0 for j in joints])
    typical = np.median(np.array(shares), axis=0)
    return tuple(j for j, share in zip(joints, typical, strict=True) if share < _LEAST_MEASURED)
