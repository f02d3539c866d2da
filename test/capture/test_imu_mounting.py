"""Mountings that are known, found again from a standing athlete and a bow."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from sport_nodes.capture.imu_mounting import heading_of_bow, mounting
from sport_nodes.capture.imu_protocols import GRAVITY_M_S2, ImuReading
from sport_nodes.errors import InputError

UP = np.array([0.0, 0.0, GRAVITY_M_S2])


def readings(segment_in_world: Rotation, mount: Rotation, heading: float, noise_rad: float = 0.004) -> list[ImuReading]:
    """What an IMU shows whose own level frame stands `heading` off the world's."""
    rng = np.random.default_rng(1)
    sensor_in_world = segment_in_world * mount
    out = []
    for turn in sensor_in_world:
        seen = Rotation.from_euler("z", -heading) * turn * Rotation.from_rotvec(rng.normal(0, noise_rad, 3))
        out.append(ImuReading(accel=turn.inv().apply(UP) + rng.normal(0, 0.03, 3), orientation_xyzw=seen.as_quat()))
    return out


def still(count: int = 200) -> Rotation:
    return Rotation.from_rotvec(np.zeros((count, 3)))


def bow(angle_deg: float, count: int = 200) -> Rotation:
    lean = np.deg2rad(angle_deg) * np.sin(np.linspace(0, np.pi, count))
    return Rotation.from_rotvec(np.stack([0 * lean, lean, 0 * lean], axis=1))


@given(vector=st.tuples(*[st.floats(-1.8, 1.8)] * 3), heading=st.floats(-3.1, 3.1))
@settings(max_examples=25, deadline=None)
def test_mounting_and_heading_are_found(vector: tuple[float, float, float], heading: float) -> None:
    mount = Rotation.from_rotvec(vector)
    found_heading = heading_of_bow(readings(bow(45), mount, heading), name="imu_trunk")
    assert abs(np.angle(np.exp(1j * (found_heading - heading)))) < np.deg2rad(2.0)
    found = Rotation.from_matrix(mounting(readings(still(), mount, heading), heading_rad=heading, name="imu_trunk"))
    assert (found.inv() * mount).magnitude() < np.deg2rad(0.3)


def test_what_is_no_standing_and_no_bow() -> None:
    mount = Rotation.identity()
    for bad, words in (
        (readings(bow(20), mount, 0.0), "still"),
        (readings(still(10), mount, 0.0), "too few"),
        ([ImuReading(accel=UP)] * 100, "no orientation"),
        ([ImuReading(accel=np.array([0.0, 2.0, 9.6]), orientation_xyzw=np.array([0.0, 0, 0, 1]))] * 100, "off gravity"),
        ([ImuReading(accel=UP / GRAVITY_M_S2, orientation_xyzw=np.array([0.0, 0, 0, 1]))] * 100, "units"),
    ):
        with pytest.raises(InputError, match=words):
            mounting(bad, heading_rad=0.0, name="imu_trunk")
    with pytest.raises(InputError, match="bow ahead"):
        heading_of_bow(readings(bow(10), mount, 0.0), name="imu_trunk")
    twist = Rotation.from_rotvec(np.stack([np.zeros(100), np.zeros(100), np.linspace(0, 1, 100)], axis=1))
    with pytest.raises(InputError, match="twisting"):
        heading_of_bow(readings(twist, mount, 0.0), name="imu_trunk")
