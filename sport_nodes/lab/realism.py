"""How near simulated movements are to real ones: joint-angle courses around the event that both share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.lab.joint_angles import joint_angles_deg
from sport_nodes.motion import Motion

Array = NDArray[np.float64]

#: Time around the event [s] in which a movement is compared: (before, after), by action.
WINDOWS_S: Final[dict[str, tuple[float, float]]] = {"free_throw": (-1.0, 0.3), "standing_long_jump": (-0.8, 0.8)}
#: The event: the ball leaves the hand, the feet leave the floor.
EVENTS: Final[dict[str, str]] = {"free_throw": "release", "standing_long_jump": "take_off"}
#: Frames in a window, enough for 30 Hz recordings.
SAMPLES: Final = 48


@dataclass(frozen=True, eq=False)
class Comparison:
    """Distances are root mean square differences of the angle courses [deg].

    real_to_real: (R,) from each real movement to its nearest other; simulated_to_real: (S,) to the nearest real one.
    coverage: by angle, the share of the simulated mean course inside the real band widened by `between_people_deg`.
    """

    real_to_real: Array
    simulated_to_real: Array
    coverage: dict[str, float]


#: People differ from one another by this much more than one person from himself: standard deviation between adults of
#: lower-limb joint angles in a given sporting task, 5 to 10 degrees (e.g. Kadaba et al. 1990; Cabarkapa et al. 2021).
BETWEEN_PEOPLE_DEG: Final = 8.0


def angle_courses(motion: Motion, *, event_s: float, action: str) -> dict[str, Array]:
    """Angles [deg] of one movement at SAMPLES instants around its event, by name; NaN where it was not recorded."""
    window = np.linspace(*WINDOWS_S[action], SAMPLES)
    courses = {}
    for name, angle in joint_angles_deg(motion.positions_m).items():
        known = np.isfinite(angle)
        times = motion.times_s[known] - event_s
        courses[name] = np.interp(window, times, angle[known], left=np.nan, right=np.nan)
    return courses


def compare(real: list[dict[str, Array]], simulated: list[dict[str, Array]]) -> Comparison:
    """Compare courses of `angle_courses`; the real ones may be few."""
    names = tuple(real[0])
    a, b = (np.stack([np.stack([c[n] for n in names]) for c in courses]) for courses in (real, simulated))
    coverage = {}
    for i, name in enumerate(names):
        low, high = np.nanmin(a[:, i], axis=0), np.nanmax(a[:, i], axis=0)
        mean = np.nanmean(b[:, i], axis=0)
        inside = (mean > low - 2 * BETWEEN_PEOPLE_DEG) & (mean < high + 2 * BETWEEN_PEOPLE_DEG)
        coverage[name] = float(np.mean(inside))
    return Comparison(
        real_to_real=_nearest(a, a, same=True), simulated_to_real=_nearest(b, a, same=False), coverage=coverage
    )


def _nearest(queries: Array, references: Array, *, same: bool) -> Array:
    """(Q,) root mean square distance of (Q, angles, SAMPLES) courses to the nearest reference."""
    out = np.empty(len(queries))
    for i, query in enumerate(queries):
        distance = np.sqrt(np.nanmean((references - query) ** 2, axis=(1, 2)))
        if same:
            distance[i] = np.inf
        out[i] = distance.min()
    return out
