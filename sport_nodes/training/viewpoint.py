"""How much a score moves when the scene is turned, and when the camera's vertical is off."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from sport_nodes.lab.simulate import simulate, simulated_actions
from sport_nodes.motion import Motion
from sport_nodes.scoring.scorer import Scorer

Array = NDArray[np.float64]

#: What the sensors see at.
RATE_HZ: Final = 30.0
#: Simulated movements of each action.
MOVEMENTS: Final = 6
#: Directions in which the vertical is off, evenly around; as many turns about it.
DIRECTIONS: Final = 8
TILT_DEGREES: Final = 5.0


def viewpoint_swing(scorer: Scorer, *, seed: int) -> dict[str, Any]:
    """Points by which the score moves against the movement as it is: mean, p95 and max over simulated movements."""
    angles = 2.0 * np.pi * np.arange(DIRECTIONS) / DIRECTIONS
    level = np.stack([np.cos(angles), np.sin(angles), np.zeros(DIRECTIONS)], axis=1)
    views = {
        "turned": Rotation.from_rotvec(np.outer(angles, [0.0, 0.0, 1.0])),
        "tilted_5_degrees": Rotation.from_rotvec(np.radians(TILT_DEGREES) * level),
    }
    moved: dict[str, list[float]] = {name: [] for name in views}
    for action in sorted({*scorer.actions} & {*simulated_actions()}):
        for movement in range(MOVEMENTS):
            motion = simulate(action, seed=seed + movement, rate_hz=RATE_HZ).motion
            straight = scorer.score(motion, action).value
            for name, turns in views.items():
                moved[name] += [abs(scorer.score(_seen(motion, turn), action).value - straight) for turn in turns]
    return {name: _spread(np.array(points)) for name, points in moved.items()}


def _seen(motion: Motion, turn: Rotation) -> Motion:
    turned = np.einsum("ij,tkj->tki", turn.as_matrix(), motion.positions_m)
    return motion.moved(turned, motion.times_s)


def _spread(points: Array) -> dict[str, float]:
    """Of those that were scored in both views; scored: their share."""
    known = points[np.isfinite(points)]
    figures = {"mean": known.mean(), "p95": np.percentile(known, 95), "max": known.max()}
    return {name: float(value) for name, value in figures.items()} | {"scored": float(np.isfinite(points).mean())}
