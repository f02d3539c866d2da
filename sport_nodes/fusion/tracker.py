"""The motion prior of the live fusion: each joint with constant velocity, disturbed by acceleration."""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from sport_nodes.skeleton import JOINTS

Array = NDArray[np.float64]

#: Acceleration of a joint within a frame [m/s^2, standard deviation]: the nearer the limb's end, the more.
_ACCELERATION_M_S2: Final = {"elbow": 35.0, "wrist": 50.0, "knee": 30.0, "ankle": 40.0}
_BODY_ACCELERATION_M_S2: Final = 25.0
ACCELERATION_M_S2: Final = np.array(
    [_ACCELERATION_M_S2.get(name.split("_")[-1], _BODY_ACCELERATION_M_S2) for name in JOINTS]
)
#: Where a joint is expected that has never been seen: somewhere about the body [m], at any speed [m/s].
UNSEEN_M: Final = 0.7
FIRST_SPEED_M_S: Final = 1.5


class JointTracker:
    """Position and velocity of 17 joints with the (17, 6, 6) covariance of both."""

    def __init__(self, points_m: Array, sigma_m: Array) -> None:
        """points_m (17, 3) where the joints are, give or take sigma_m (17,)."""
        self.positions_m = points_m.copy()
        self.velocities_m_s = np.zeros_like(points_m)
        self.covariance = np.zeros((len(points_m), 6, 6))
        diagonal = np.arange(3)
        self.covariance[:, diagonal, diagonal] = sigma_m[:, None] ** 2
        self.covariance[:, diagonal + 3, diagonal + 3] = FIRST_SPEED_M_S**2

    @property
    def sigma_m(self) -> Array:
        """(17,) standard deviation of the positions per axis."""
        return _deviations(self.covariance)

    @property
    def information(self) -> Array:
        """(17, 3, 3) inverse covariance of the positions [1/m^2]."""
        return _information(self.covariance)

    def predict(self, step_s: float) -> None:
        """On to the next frame."""
        _predict(self.positions_m, self.velocities_m_s, self.covariance, step_s)

    def update(self, points_m: Array, covariance: Array) -> None:
        """Take over the frame's solution (17, 3), whose covariance (17, 3, 3) includes the prediction's."""
        _update(self.positions_m, self.velocities_m_s, self.covariance, points_m, covariance)

    def move(self, joints: NDArray[np.bool_], points_m: Array, sigma_m: float) -> None:
        """Begin anew with some joints (17,) that turned up elsewhere."""
        fresh = JointTracker(points_m, np.full(len(points_m), sigma_m))
        self.positions_m[joints] = fresh.positions_m[joints]
        self.velocities_m_s[joints] = 0.0
        self.covariance[joints] = fresh.covariance[joints]


@njit(cache=True, error_model="numpy")
def _deviations(covariance: Array) -> Array:
    sigma = np.empty(len(covariance))
    for j in range(len(covariance)):
        sigma[j] = np.sqrt((covariance[j, 0, 0] + covariance[j, 1, 1] + covariance[j, 2, 2]) / 3.0)
    return sigma


@njit(cache=True, error_model="numpy")
def _information(covariance: Array) -> Array:
    information = np.empty((len(covariance), 3, 3))
    for j in range(len(covariance)):
        _invert(covariance[j], information[j])
    return information


@njit(cache=True, error_model="numpy")
def _predict(positions_m: Array, velocities_m_s: Array, covariance: Array, step_s: float) -> None:
    for j in range(len(positions_m)):
        noise = (ACCELERATION_M_S2[j] * step_s) ** 2
        own = covariance[j]
        for a in range(3):
            positions_m[j, a] += step_s * velocities_m_s[j, a]
            # Blocks that the others still need as they were come last.
            for b in range(3):
                own[a, b] += step_s * (own[a, 3 + b] + own[3 + a, b]) + step_s**2 * own[3 + a, 3 + b]
        for a in range(3):
            for b in range(3):
                own[a, 3 + b] += step_s * own[3 + a, 3 + b]
                own[3 + b, a] = own[a, 3 + b]
        for a in range(3):
            own[a, a] += 0.25 * step_s**2 * noise
            own[a, 3 + a] += 0.5 * step_s * noise
            own[3 + a, a] = own[a, 3 + a]
            own[3 + a, 3 + a] += noise


@njit(cache=True, error_model="numpy")
def _update(positions_m: Array, velocities_m_s: Array, covariance: Array, points_m: Array, solved: Array) -> None:
    """In place, from the prediction's covariance (17, 6, 6) to that of the solution (17, 3, 3)."""
    inverse, gain, lost = np.empty((3, 3)), np.empty((3, 3)), np.empty((3, 3))
    for j in range(len(positions_m)):
        own = covariance[j]
        _invert(own, inverse)
        for a in range(3):
            for b in range(3):
                lost[a, b] = own[a, b] - solved[j, a, b]
                gain[a, b] = 0.0  # of the velocity on the position
                for k in range(3):
                    gain[a, b] += own[3 + a, k] * inverse[k, b]
        for a in range(3):
            for b in range(3):
                velocities_m_s[j, a] += gain[a, b] * (points_m[j, b] - positions_m[j, b])
                own[a, b] = solved[j, a, b]
                cross = 0.0
                for k in range(3):
                    cross += gain[a, k] * solved[j, k, b]
                    for m in range(3):
                        own[3 + a, 3 + b] -= gain[a, k] * lost[k, m] * gain[b, m]
                own[3 + a, b] = own[b, 3 + a] = cross
        for a in range(3):
            positions_m[j, a] = points_m[j, a]


@njit(cache=True, error_model="numpy")
def _invert(matrix: Array, inverse: Array) -> None:
    """Overwrites inverse (3, 3) with that of the first three rows and columns of a matrix, by its cofactors."""
    for a in range(3):
        b, c = (a + 1) % 3, (a + 2) % 3
        for k in range(3):
            m, n = (k + 1) % 3, (k + 2) % 3
            inverse[k, a] = matrix[b, m] * matrix[c, n] - matrix[b, n] * matrix[c, m]
    determinant = 0.0
    for k in range(3):
        determinant += matrix[0, k] * inverse[k, 0]
    for a in range(3):
        for b in range(3):
            inverse[a, b] /= determinant
