"""Whether positions over time can be a person who moves: size, shape, frame rate, length."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.errors import InputError
from sport_nodes.motion import Motion
from sport_nodes.skeleton import INDEX, JOINTS

Array = NDArray[np.float64]

#: Fewer frames than this hold no movement: a third of a second at the depth camera's 30 Hz.
MINIMUM_FRAMES: Final = 10
#: Outside of these frame rates the unit of time is wrong rather than the camera unusual [Hz].
FRAME_RATE_RANGE_HZ: Final = (5.0, 2000.0)
#: From a primary-school child to the tallest athletes, with room for soft-tissue and joint-centre error [m].
STATURE_RANGE_M: Final = (0.8, 2.6)
#: A bone this many times longer or shorter than the others imply belongs to no person.
BONE_FACTOR: Final = 2.0
#: Interquartile range of a bone's length over its median: up to 0.35 in tracked free throws, 0.48 where the positions
#: are drawn uniformly from a box.
BONE_SPREAD: Final = 0.45

#: Length of each bone as a fraction of stature (Drillis and Contini 1966, as in Winter, Biomechanics and Motor
#: Control of Human Movement, figure 4.1); both sides.
BONE_FRACTIONS: Final[dict[tuple[str, str], float]] = {
    ("shoulder", "elbow"): 0.186,
    ("elbow", "wrist"): 0.146,
    ("hip", "knee"): 0.245,
    ("knee", "ankle"): 0.246,
    ("shoulder", "hip"): 0.288,
}

#: Metres per unit, in the order in which a wrong unit is guessed.
UNITS_M: Final[dict[str, float]] = {"millimetres": 1e-3, "centimetres": 1e-2, "inches": 0.0254}


def implied_statures_m(motion: Motion) -> dict[tuple[str, str], float]:
    """Stature that each bone's median length implies, by (upper, lower) joint name; bones never seen are left out."""
    implied = {}
    for (upper, lower), fraction in BONE_FRACTIONS.items():
        for side in ("left", "right"):
            bone = (f"{side}_{upper}", f"{side}_{lower}")
            lengths = _lengths(motion, bone)
            if len(lengths):
                implied[bone] = float(np.median(lengths)) / fraction
    return implied


def check_motion(motion: Motion, source: str) -> None:
    """Refuse what no person can have done.

    Raises InputError, its message beginning with `source`, for too few frames, an impossible frame rate, joints that
    are NaN throughout, a wrong unit of length, or a body of impossible size or shape.
    """
    if not motion.present.any():
        raise InputError(
            f"{source}: every joint is NaN in every frame; expected positions in metres. Export the motion again"
        )
    if len(motion) < MINIMUM_FRAMES:
        raise InputError(
            f"{source}: {len(motion)} frames are too few; a movement needs at least {MINIMUM_FRAMES}. "
            "Give the whole recording"
        )
    _check_rate(motion, source)
    implied = implied_statures_m(motion)
    if not implied:
        seen = ", ".join(name for joint, name in enumerate(JOINTS) if motion.present[:, joint].any())
        raise InputError(
            f"{source}: no limb has both its ends (joints found: {seen}); "
            "expected shoulders, elbows, wrists, hips, knees and ankles"
        )
    stature = float(np.median(list(implied.values())))
    _check_size(stature, source)
    _check_shape(motion, implied, stature=stature, source=source)


def _lengths(motion: Motion, bone: tuple[str, str]) -> Array:
    upper, lower = (motion.positions_m[:, INDEX[name]] for name in bone)
    lengths = np.linalg.norm(upper - lower, axis=1)
    return lengths[np.isfinite(lengths)]


def _check_rate(motion: Motion, source: str) -> None:
    lowest, highest = FRAME_RATE_RANGE_HZ
    rate = motion.rate_hz
    if lowest <= rate <= highest:
        return
    hint = "correct the time column (seconds)"
    for unit, seconds in (("milliseconds", 1e-3), ("microseconds", 1e-6), ("nanoseconds", 1e-9)):
        if lowest <= rate / seconds <= highest:
            hint = f"the times look like {unit}: multiply them by {seconds:g}"
            break
    raise InputError(f"{source}: {rate:.3g} frames a second, expected {lowest:g} to {highest:g}; {hint}")


def _check_size(stature: float, source: str) -> None:
    lowest, highest = STATURE_RANGE_M
    if lowest <= stature <= highest:
        return
    tall = f"{stature:,.0f}" if stature > 10 * highest else f"{stature:.2f}"
    found = f"{source}: the person would be {tall} m tall, expected {lowest:g} to {highest:g} m"
    for unit, metres in UNITS_M.items():
        if lowest <= stature * metres <= highest:
            mend = f"divide them by {1 / metres:.0f}" if metres != UNITS_M["inches"] else "multiply them by 0.0254"
            raise InputError(f"{found}: the positions look like {unit}; {mend}, or name the unit (docs/files.md)")
    raise InputError(f"{found}; positions are in metres, correct their scale")


def _check_shape(motion: Motion, implied: dict[tuple[str, str], float], *, stature: float, source: str) -> None:
    for (upper, lower), value in implied.items():
        if not 1 / BONE_FACTOR <= value / stature <= BONE_FACTOR:
            raise InputError(
                f"{source}: from {upper} to {lower} is {value / stature:.1f} times what the other limbs imply; "
                "expected a human body. Check the columns and the names of the joints"
            )
    for bone in implied:
        lengths = _lengths(motion, bone)
        low, median, high = np.percentile(lengths, [25, 50, 75])
        if (high - low) / median > BONE_SPREAD:
            raise InputError(
                f"{source}: from {bone[0]} to {bone[1]} varies between {low:.2f} and {high:.2f} m; a limb keeps its "
                "length. Check the columns and the tracking"
            )
