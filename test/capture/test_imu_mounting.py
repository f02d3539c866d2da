"""Mountings that are known, found again from a standing athlete and a bow."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from sport_nodes.capture.imu_identity import ROUTINE, segments_of
from sport_nodes.capture.imu_mounting import check_heading, heading_of_bow, mounting
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


def turning(angles_rad: np.ndarray, drift_rad: np.ndarray | float = 0.0) -> list[ImuReading]:
    """An IMU at 100 Hz that turns about its y axis, whose compass drifts by some angle about the vertical."""
    times = np.arange(len(angles_rad)) / 100.0
    rates = np.gradient(angles_rad, times)
    truth = Rotation.from_euler("y", angles_rad[:, None])
    shown = Rotation.from_euler("z", np.broadcast_to(drift_rad, times.shape)[:, None]) * truth
    return [
        ImuReading(t, None, np.array([0.0, rate, 0.0]), turn.inv().apply(UP), quaternion)
        for t, rate, turn, quaternion in zip(times, rates, truth, shown.as_quat(), strict=True)
    ]


def test_a_heading_that_follows_iron_is_told_from_one_that_turns() -> None:
    bow_rad = np.deg2rad(60.0) * np.sin(np.linspace(0.0, np.pi, 400))
    check_heading(turning(bow_rad), name="imu_trunk")
    with pytest.raises(InputError, match="deg that its gyroscope did not feel"):
        check_heading(turning(bow_rad, np.deg2rad(np.linspace(0.0, 12.0, 400))), name="imu_trunk")


def test_the_routine_tells_which_imu_is_where() -> None:
    rng = np.random.default_rng(3)
    order = rng.permutation(len(ROUTINE))
    times = np.arange(0.0, 18.0, 0.01)

    def routine(turn: int, begin_s: float = 2.0) -> list[ImuReading]:
        own = np.clip((times - begin_s - 3.0 * turn) / 1.5, 0.0, 1.0)
        # A bow swings all the others a little, and a knee that is lifted moves the trunk.
        bow = np.clip((times - begin_s) / 1.5, 0.0, 1.0)
        return turning(1.2 * np.sin(np.pi * own) + 0.3 * np.sin(np.pi * bow) + rng.normal(0, 1e-5, len(times)))

    recordings = {f"port{i}": routine(turn) for i, turn in enumerate(order)}
    assert segments_of(recordings) == {f"port{i}": ROUTINE[turn] for i, turn in enumerate(order)}
    with pytest.raises(InputError, match="never moved alone"):
        segments_of({**recordings, "port0": turning(np.zeros(len(times)))})
    with pytest.raises(InputError, match="4 IMUs"):
        segments_of({f"port{i}": recordings[f"port{i}"] for i in range(4)})
