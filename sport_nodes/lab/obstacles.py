"""Gym furniture that stands between a camera and the athlete."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.lab.body import Capsules
from sport_nodes.rig import Camera
from sport_nodes.skeleton import JOINT_COUNT

Array = NDArray[np.float64]

# A vaulting box of three parts, 1.5 m long (EN 916 boxes are 1.1 m high with five).
_LENGTH_M: Final = 1.5
_HEIGHT_M: Final = 0.8
_HALF_THICKNESS_M: Final = 0.15
# It stands at this share of the way from the camera to the athlete.
_WAY: Final = 0.6


def vaulting_box(camera: Camera, athlete_m: Array) -> Capsules:
    """A box across the line of sight from the camera to athlete_m (3,), the middle of where the athlete moves."""
    middle = camera.center_m + _WAY * (athlete_m - camera.center_m)
    ahead = athlete_m[:2] - camera.center_m[:2]
    across = np.array([-ahead[1], ahead[0], 0.0]) / np.linalg.norm(ahead)
    heights = np.arange(_HALF_THICKNESS_M, _HEIGHT_M, _HALF_THICKNESS_M)
    a = np.array([[*(middle - 0.5 * _LENGTH_M * across)[:2], h] for h in heights])
    b = np.array([[*(middle + 0.5 * _LENGTH_M * across)[:2], h] for h in heights])
    bars = len(heights)
    own = np.zeros((bars, JOINT_COUNT), dtype=bool)
    return Capsules(a[None], b[None], np.full(bars, _HALF_THICKNESS_M), own)
