"""The motion prior of the live fusion: each joint with constant velocity, disturbed by acceleration."""

from __future__ import annotations

from typing import Final

import numpy as np
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
        return np.sqrt(self.covariance[:, :3, :3].trace(axis1=1, axis2=2) / 3.0)

    def predict(self, step_s: float) -> None:
        """On to the next frame."""
        self.positions_m = self.positions_m + step_s * self.velocities_m_s
        p, c, v = self.covariance[:, :3, :3], self.covariance[:, :3, 3:], self.covariance[:, 3:, 3:]
        noise = ((ACCELERATION_M_S2 * step_s) ** 2)[:, None, None] * np.eye(3)
        turned = np.swapaxes(c, 1, 2)
        position = p + step_s * (c + turned) + step_s**2 * v + 0.25 * step_s**2 * noise
        cross = c + step_s * v + 0.5 * step_s * noise
        self._set(position, cross, v + noise)

    def update(self, points_m: Array, covariance: Array) -> None:
        """Take over the frame's solution (17, 3), whose covariance (17, 3, 3) includes the prediction's."""
        p, c, v = self.covariance[:, :3, :3], self.covariance[:, :3, 3:], self.covariance[:, 3:, 3:]
        gain = np.swapaxes(np.linalg.solve(p, c), 1, 2)  # of the velocity on the position
        self.velocities_m_s = self.velocities_m_s + np.einsum("jab,jb->ja", gain, points_m - self.positions_m)
        turned = np.swapaxes(gain, 1, 2)
        self._set(covariance, covariance @ turned, v - gain @ (p - covariance) @ turned)
        self.positions_m = points_m.copy()

    def move(self, joints: NDArray[np.bool_], points_m: Array, sigma_m: float) -> None:
        """Begin anew with some joints (17,) that turned up elsewhere."""
        fresh = JointTracker(points_m, np.full(len(points_m), sigma_m))
        self.positions_m = np.where(joints[:, None], fresh.positions_m, self.positions_m)
        self.velocities_m_s = np.where(joints[:, None], 0.0, self.velocities_m_s)
        self.covariance = np.where(joints[:, None, None], fresh.covariance, self.covariance)

    def _set(self, position: Array, cross: Array, velocity: Array) -> None:
        self.covariance = np.concatenate(
            [
                np.concatenate([position, cross], axis=2),
                np.concatenate([np.swapaxes(cross, 1, 2), velocity], axis=2),
            ],
            axis=1,
        )
