"""Angular rate and specific force against motions whose derivatives are known in closed form."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from sport_nodes.lab.bystanders import bystander_motion
from sport_nodes.lab.imus import SENSOR_PLACES, imu_motions, measure_imu, mounted
from sport_nodes.lab.noise import SensorNoise
from sport_nodes.lab.scenarios import Bystander
from sport_nodes.lab.segments import segment_frames
from sport_nodes.lab.trajectory import Trajectory
from sport_nodes.motion import Motion
from sport_nodes.rig import ImuMount
from sport_nodes.skeleton import INDEX, SEGMENTS

G = 9.81
RATE_HZ = 120.0
MOUNTS = tuple(ImuMount(f"imu_{s}", s, np.eye(3)) for s in SEGMENTS)


def standing(times_s):
    return bystander_motion(Bystander((0.0, 0.0)), times_s)


def swinging(times_s, angle_rad, axis=(0.0, 1.0, 0.0)):
    """The standing person turned as a rigid body about an axis through the origin."""
    turn = Rotation.from_rotvec(angle_rad[:, None] * np.array(axis))
    return np.einsum("tij,tkj->tki", turn.as_matrix(), standing(times_s))


def sensors(times_s, positions_m):
    return imu_motions(Trajectory(Motion(times_s, positions_m)), MOUNTS)


def test_at_rest_every_sensor_feels_only_gravity_upwards():
    times = np.arange(0.0, 1.0, 1.0 / RATE_HZ)
    for motion in sensors(times, standing(times)).values():
        vectors = motion.vectors(times)
        assert vectors[:, :3] == pytest.approx(0.0, abs=1e-9)
        world = motion.orientation(times).apply(vectors[:, 3:])
        assert world == pytest.approx(np.tile([0.0, 0.0, G], (len(times), 1)), abs=1e-6)


def test_in_free_fall_the_force_is_zero():
    times = np.arange(0.0, 0.6, 1.0 / RATE_HZ)
    fall = np.column_stack([1.5 * times, 0.2 * times, 3.0 * times - 0.5 * G * times**2])
    for motion in sensors(times, standing(times) + fall[:, None]).values():
        assert motion.vectors(times)[:, 3:] == pytest.approx(0.0, abs=1e-6)


def test_a_pendulum_feels_its_rate_and_its_centripetal_and_tangential_acceleration():
    times = np.arange(0.0, 3.0, 1.0 / RATE_HZ)
    amplitude, omega = 0.5, 2.0 * np.pi * 0.8
    angle = amplitude * np.sin(omega * times)
    rate = amplitude * omega * np.cos(omega * times)
    rate_change = -amplitude * omega**2 * np.sin(omega * times)
    positions = swinging(times, angle)
    for name, motion in sensors(times, positions).items():
        segment = name.removeprefix("imu_")
        share, ahead = SENSOR_PLACES[segment]
        upper, lower = (standing(times[:1])[0, [INDEX[j] for j in ends]].mean(axis=0) for ends in SEGMENTS[segment])
        frame = segment_frames(standing(times[:1]))[segment][0]
        arm = lower + share * (upper - lower) + ahead * frame[:, 0]  # from the pivot, in the turning frame
        spin, spin_change = np.outer(rate, [0, 1.0, 0]), np.outer(rate_change, [0, 1.0, 0])
        body_from_world = Rotation.from_rotvec(np.outer(angle, [0, 1.0, 0])).inv()
        force = np.cross(spin_change, arm) + np.cross(spin, np.cross(spin, arm)) + body_from_world.apply([0, 0, G])
        inside = slice(12, -12)  # the spline's ends are less exact
        got = motion.vectors(times)[inside]
        assert got[:, :3] @ frame.T == pytest.approx(spin[inside], abs=0.005)
        assert got[:, 3:] @ frame.T == pytest.approx(force[inside], abs=0.05)


@pytest.mark.parametrize("axis", [(1.0, 0.0, 0.0), (0.0, 0.0, 1.0), (0.6, 0.0, 0.8)])
def test_turning_with_the_whole_body_shows_in_every_sensor(axis):
    times = np.arange(0.0, 1.5, 1.0 / RATE_HZ)
    for motion in sensors(times, swinging(times, 1.7 * times, axis)).values():
        world = motion.orientation(times).apply(motion.vectors(times)[:, :3])
        assert world == pytest.approx(np.tile(1.7 * np.array(axis), (len(times), 1)), abs=0.01)


def test_the_rate_integrates_to_the_orientation():
    times = np.arange(0.0, 2.0, 1.0 / RATE_HZ)
    motion = sensors(times, swinging(times, np.sin(3.0 * times) + 0.3 * times))["imu_left_forearm"]
    fine = np.linspace(0.0, 1.9, 4001)
    middles = 0.5 * (fine[1:] + fine[:-1])
    orientation = motion.orientation(fine[:1])[0]
    for step in Rotation.from_rotvec(motion.vectors(middles)[:, :3] * np.diff(fine)[:, None]):
        orientation = orientation * step
    assert (orientation.inv() * motion.orientation(fine[-1:])[0]).magnitude() < 1e-4


def test_segment_frames_are_rotations_with_z_along_the_bone():
    times = np.arange(0.0, 1.0, 1.0 / RATE_HZ)
    rng = np.random.default_rng(4)
    positions = swinging(times, times, axis=(0.3, 0.9, 0.1)) + 0.01 * rng.standard_normal((1, 17, 3))
    frames = segment_frames(positions)
    assert set(frames) == set(SEGMENTS)
    for name, frame in frames.items():
        assert np.einsum("tij,tik->tjk", frame, frame) == pytest.approx(np.broadcast_to(np.eye(3), frame.shape))
        assert np.linalg.det(frame) == pytest.approx(1.0)
        upper, lower = (positions[:, [INDEX[j] for j in ends]].mean(axis=1) for ends in SEGMENTS[name])
        bone = (upper - lower) / np.linalg.norm(upper - lower, axis=1, keepdims=True)
        assert frame[:, :, 2] == pytest.approx(bone)


def test_a_standing_person_s_segments_look_ahead():
    for frame in segment_frames(standing(np.zeros(1))).values():
        assert frame[0, :, 0] == pytest.approx([1.0, 0.0, 0.0], abs=0.2)


def test_an_arm_raised_overhead_and_back_has_no_singular_posture():
    times = np.arange(0.0, 2.0, 1.0 / RATE_HZ)
    positions = standing(times).copy()
    turn = Rotation.from_rotvec(np.outer(-np.pi * np.sin(np.pi * times / 2.0) ** 2, [0.0, 1.0, 0.0])).as_matrix()
    pivot = positions[:, INDEX["left_shoulder"]]
    for joint in ("left_elbow", "left_wrist"):
        away = positions[:, INDEX[joint]] - pivot
        positions[:, INDEX[joint]] = pivot + np.einsum("tij,tj->ti", turn, away)
    motion = sensors(times, positions)["imu_left_forearm"]
    peak_rate = np.pi**2 / 2.0  # of pi sin^2(pi t / 2)
    assert np.linalg.norm(motion.vectors(times)[:, :3], axis=1).max() == pytest.approx(peak_rate, rel=0.01)
    assert (motion.orientation(times[:1])[0].inv() * motion.orientation(times[-1:])[0]).magnitude() < 0.05


def test_a_segment_that_is_not_seen_has_no_sensor():
    times = np.arange(0.0, 1.0, 1.0 / RATE_HZ)
    positions = standing(times).copy()
    positions[:, INDEX["left_wrist"]] = np.nan
    assert set(sensors(times, positions)) == {m.name for m in MOUNTS} - {"imu_left_forearm"}


def test_noise_and_bias_have_their_named_size():
    noise = SensorNoise()
    times = np.arange(0.0, 20.0, 1.0 / noise.imu_rate_hz)
    motion = sensors(np.arange(0.0, 20.0, 0.1), standing(np.arange(0.0, 20.0, 0.1)))["imu_trunk"]
    biases, whites, headings = [], [], []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        orientation, vectors = measure_imu(motion, times, noise=noise, rng=rng)
        error = vectors - motion.vectors(times)
        biases.append(error.mean(axis=0))
        whites.append(error.std(axis=0))
        headings.append((Rotation.from_quat(orientation[0]) * motion.orientation(times[:1])[0].inv()).as_rotvec()[2])
    bandwidth = np.sqrt(noise.imu_rate_hz / 2.0)
    white = np.mean(whites, axis=0)
    assert white[:3] == pytest.approx(noise.gyro_noise_rad_s_rthz * bandwidth, rel=0.03)
    assert white[3:] == pytest.approx(noise.accel_noise_m_s2_rthz * bandwidth, rel=0.03)
    bias = np.std(biases, axis=0)
    assert bias[:3] == pytest.approx(noise.gyro_bias_rad_s, rel=0.4)
    assert bias[3:] == pytest.approx(noise.accel_bias_m_s2, rel=0.4)
    assert np.std(headings) == pytest.approx(noise.heading_error_rad, rel=0.4)


def test_mounting_error_turns_the_sensor_by_its_named_size():
    noise = SensorNoise()
    turns = [
        Rotation.from_matrix(mount.segment_from_sensor).as_rotvec()
        for seed in range(60)
        for mount in mounted(MOUNTS, noise, np.random.default_rng(seed))
    ]
    assert np.std(turns) == pytest.approx(noise.mounting_error_rad, rel=0.1)
