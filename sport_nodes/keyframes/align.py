"""MotionDTW: find a target's movement in a recording, align it finely, read the keyframes off the path."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.actions import Action, load_action
from sport_nodes.errors import InputError
from sport_nodes.keyframes.alignment import Alignment
from sport_nodes.keyframes.dtw import distances
from sport_nodes.keyframes.features import Features
from sport_nodes.keyframes.prepared import Prepared, prepare
from sport_nodes.keyframes.reference import COARSE, Reference, reference_of
from sport_nodes.keyframes.refine import Refined, Refiner
from sport_nodes.keyframes.target import TargetModel
from sport_nodes.keyframes.windows import NEAR_TIE, Window, find_windows
from sport_nodes.motion import Motion

Array = NDArray[np.float64]

# Most repetitions looked for in one recording; the school record for a minute of sit-ups lies far below.
_MOST_REPETITIONS: Final = 120
# The first or last stage is missing where the window lies at the recording's edge and the stage's frames differ by more
# than this many of the largest distances accepted on the whole, and by this much more than the stages do on average.
# Sit-ups without their first half exceed both (simulated, seeds 73000 to 73019).
_MISSING_OVER_MAXIMUM: Final = 1.5
_MISSING_OVER_MEAN: Final = 1.75
_AT_THE_EDGE_S: Final = 0.1


def align(motion: Motion, target: TargetModel) -> Alignment:
    """Align a recording with a target model.

    The recording may hold more than the movement; where it is shorter than the target, it is matched against a part
    of the target, which must hold every keyframe. Left-handers are matched as their mirror image where that is
    nearer. An alignment that would mislead is refused: empty, with a reason.
    """
    recording, reason = prepare(motion, load_action(target.action))
    return refused(target, reason) if recording is None else match(recording, target)


def match(recording: Prepared, target: TargetModel) -> Alignment:
    """Align a recording that is ready for it, as `align` does."""
    reference, found, reason = reference_of(target), recording.features, ""
    action = reference.action
    if recording.duration_s < target.motion.duration_s:
        reference, reason = _part(reference, found)
        if reason:
            return refused(target, reason)
    most = _MOST_REPETITIONS if action.repeated else 2
    either = (found.values, found.values[:, reference.swap])
    searches = [_search(reference, values, most) for values in either]
    mirrored = bool(searches[1]) and (not searches[0] or searches[1][0].distance < searches[0][0].distance)
    windows = searches[int(mirrored)]
    reason = _doubt(windows, action, found)
    if reason:
        return refused(target, reason)
    kept = [w for w in windows if w.distance <= action.maximum_distance] if action.repeated else list(windows[:1])
    kept.sort(key=lambda w: w.begin)
    refiner = Refiner(reference, recording.body, either[int(mirrored)], mirrored=mirrored)
    fine = [refiner.refine(window) for window in kept]
    missing = [_missing_stage(f, action, found.times_s) for f in fine]
    if all(stage is not None for stage in missing):
        label = action.stages[missing[0] or 0].label
        return refused(target, f"the recording holds only part of the movement: no frames look like its stage {label}")
    kept = [window for window, stage in zip(kept, missing, strict=True) if stage is None]
    fine = [one for one, stage in zip(fine, missing, strict=True) if stage is None]
    best = int(np.argmin([w.distance for w in kept]))
    return Alignment(
        action=action.name,
        target=target.name,
        windows_s=np.array([[f.path_s[0, 0], f.path_s[-1, 0]] for f in fine]),
        path_s=fine[best].path_s,
        distance=kept[best].distance,
        keyframes=tuple(replace(k, repetition=r) for r, f in enumerate(fine) for k in f.keyframes),
        stage_bounds_s=np.array([f.bounds_s for f in fine]),
        mirrored=mirrored,
    )


def _missing_stage(found: Refined, action: Action, times_s: Array) -> int | None:
    """The first or last stage where the recording was cut before or in it; None where it holds both."""
    distance, last = found.stage_distances, len(found.stage_distances) - 1
    limit = max(_MISSING_OVER_MAXIMUM * action.maximum_distance, _MISSING_OVER_MEAN * float(np.mean(distance)))
    cut_begin = found.path_s[0, 0] - times_s[0] <= _AT_THE_EDGE_S
    cut_end = times_s[-1] - found.path_s[-1, 0] <= _AT_THE_EDGE_S
    for stage, cut in ((0, cut_begin), (last, cut_end)):
        if cut and distance[stage] > limit:
            return stage
    return None


def _part(reference: Reference, found: Features) -> tuple[Reference, str]:
    """The part of the target that a shorter recording covers, and why that will not do ("" where it will)."""
    action, target = reference.action, reference.target
    either = (found.values, found.values[:, reference.swap])
    costs = [distances(values[::COARSE], reference.coarse, reference.scale) for values in either]
    windows = [w for cost in costs if np.isfinite(cost).all() for w in find_windows(cost, most=1)]
    if not windows:
        length = found.times_s[-1] - found.times_s[0]
        return reference, f"the recording of {length:.1f} s is too short for {action.label}"
    window = min(windows, key=lambda w: w.distance)
    first, last = window.begin * COARSE, window.end * COARSE
    begin, end = reference.times_s[[first, last]]
    missing = [k.label for k in action.keyframes if not begin <= target.keyframes[k.name] <= end]
    if missing:
        return reference, f"the recording holds only part of the movement: it lacks {', '.join(missing)}"
    return reference.part(first, last), ""


def _search(reference: Reference, values: Array, most: int) -> tuple[Window, ...]:
    cost = distances(reference.coarse, values[::COARSE], reference.scale)
    if not np.isfinite(cost).all():
        return ()
    return tuple(Window(w.begin * COARSE, w.end * COARSE, w.distance) for w in find_windows(cost, most=most))


def _doubt(windows: Sequence[Window], action: Action, found: Features) -> str:
    """Why the windows found do not settle where the movement is; "" when they do."""
    if not windows:
        length = float(found.times_s[-1] - found.times_s[0])
        return f"the recording of {length:.1f} s is too short to hold a whole movement ({action.label})"
    nearest = windows[0]
    if nearest.distance > action.maximum_distance:
        return (
            f"no part of the recording looks like this movement ({action.label}): the nearest differs by "
            f"{nearest.distance:.2f}, at most {action.maximum_distance:.2f} is accepted"
        )
    if not action.repeated and len(windows) > 1 and windows[1].distance < NEAR_TIE * nearest.distance:
        spans = [f"{found.times_s[w.begin]:.1f} to {found.times_s[w.end]:.1f} s" for w in windows[:2]]
        return f"two parts of the recording look alike ({spans[0]} and {spans[1]}): record one movement a trial"
    return ""


def nearest(motion: Motion, targets: Sequence[TargetModel]) -> TargetModel:
    """Of several targets of one action, the one that the recording differs from least; the first where none aligns.

    Raises InputError where they are of several actions.
    """
    actions = sorted({target.action for target in targets})
    if len(actions) != 1:
        raise InputError(f"targets must be of one movement, found {', '.join(actions) or 'none'}")
    recording, _ = prepare(motion, load_action(actions[0]))
    if recording is None or len(targets) == 1:
        return targets[0]
    distance = [match(recording, target).distance for target in targets]
    return targets[int(np.argmin(np.where(np.isfinite(distance), distance, np.inf)))]


def refused(target: TargetModel, reason: str) -> Alignment:
    """No alignment, for that reason."""
    empty, bounds = np.empty((0, 2)), np.empty((0, len(target.stage_bounds_s)))
    return Alignment(target.action, target.name, empty, empty, float("nan"), (), bounds, reason)
