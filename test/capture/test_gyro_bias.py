"""Gyroscope bias from rest, and only from rest."""

import numpy as np

from sport_nodes.capture.gyro_bias import GyroBias
from sport_nodes.capture.imu_protocols import GRAVITY_M_S2

RATE_HZ = 100.0
BIAS = np.array([0.02, -0.035, 0.01])


def test_bias_of_a_still_sensor_is_removed_and_kept_in_motion() -> None:
    rng = np.random.default_rng(3)
    gravity = np.array([0.0, 0.0, GRAVITY_M_S2])
    bias = GyroBias()
    for n in range(250):
        out = bias.update(n / RATE_HZ, BIAS + rng.normal(0, 0.003, 3), gravity + rng.normal(0, 0.05, 3))
    assert np.abs(out).max() < 0.015
    np.testing.assert_allclose(bias.bias, BIAS, atol=0.002)
    for n in range(250, 600):
        swing = np.array([2.0 * np.sin(n / 20), 0.0, 0.0])
        out = bias.update(n / RATE_HZ, BIAS + swing, gravity)
        np.testing.assert_allclose(out, swing, atol=0.002)


def test_a_slow_steady_turn_and_free_fall_are_no_rest() -> None:
    for gyro, accel in ((np.array([0.3, 0, 0]), [0, 0, GRAVITY_M_S2]), (BIAS, [0.0, 0.0, 0.2])):
        bias = GyroBias()
        for n in range(300):
            bias.update(n / RATE_HZ, gyro, np.array(accel))
        np.testing.assert_array_equal(bias.bias, np.zeros(3))
