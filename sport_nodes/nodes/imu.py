"""A body-worn IMU: serial port or recording to sensor_msgs/Imu."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from sensor_msgs.msg import Imu

from sport_nodes import topics
from sport_nodes.capture.gyro_bias import GyroBias
from sport_nodes.capture.imu import imu_source
from sport_nodes.capture.imu_protocols import ImuReading
from sport_nodes.capture.source import Sample
from sport_nodes.errors import InputError
from sport_nodes.measurements import ImuStream
from sport_nodes.nodes import conversions, qos
from sport_nodes.nodes.driver import DriverNode
from sport_nodes.nodes.health import OK, WARN
from sport_nodes.nodes.run import run_node
from sport_nodes.rig import load_rig

#: The last voltages of WitMotion's table before the steep end of a lithium cell; a lesson more may empty it.
LOW_BATTERY_PERCENT: Final = 15.0


class ImuNode(DriverNode):
    """Named after an IMU of the rig. device: a serial port (/dev/ttyUSB0), ble:ADDRESS, or a CSV recording."""

    def __init__(self) -> None:
        super().__init__("imu_trunk")
        self.parameter("protocol", "own", "Of what it sends: own, witmotion, witmotion_ble or xsens.")
        self.parameter("baud", 115200, "Speed of the serial port.")
        self.parameter("rate_hz", 200.0, "Readings a second that the IMU is set to.")
        self.parameter("remove_gyro_bias", True, "Subtract the angular rate measured while the IMU lies still.")
        self.parameter("orientation_sigma_deg", 2.0, "Standard deviation of the orientation, for its covariance.")
        self.parameter("gyro_sigma_rad_s", 0.01, "Standard deviation of the angular rate, for its covariance.")
        self.parameter("accel_sigma_m_s2", 0.1, "Standard deviation of the specific force, for its covariance.")

    def configure(self) -> None:
        name = self.get_name()
        known = [mount.name for mount in load_rig(self.value("rig")).imus]
        if name not in known:
            raise InputError(f"the rig has no IMU '{name}'; it has {', '.join(known) or 'none'}")
        self._output = self.publisher(Imu, topics.imu(name), qos.SENSOR_OUT)
        self._variances = (
            math.radians(self.value("orientation_sigma_deg")) ** 2,
            self.value("gyro_sigma_rad_s") ** 2,
            self.value("accel_sigma_m_s2") ** 2,
        )

    def activate(self) -> None:
        if not self.value("device"):
            raise InputError(f"{self.get_name()} has no device; set its parameter 'device' to a serial port")
        self._bias = GyroBias()
        self.drive(
            imu_source(
                self.value("device"),
                protocol=self.value("protocol"),
                baud=self.value("baud"),
                rate_hz=self.value("rate_hz"),
                paced=self.value("paced"),
            ),
            self._take,
        )

    def _take(self, sample: Sample[ImuReading], stamp_s: float) -> None:
        reading = sample.data
        gyro = (
            self._bias.update(stamp_s, reading.gyro, reading.accel) if self.value("remove_gyro_bias") else reading.gyro
        )
        stream = ImuStream(
            np.array([stamp_s]), reading.orientation_xyzw[None], np.concatenate([gyro, reading.accel])[None]
        )
        message = conversions.imu_to_message(stream, frame_id=self.get_name())
        self._declare_variances(message)
        self._output.publish(message)
        for name in ("temperature_c", "battery_percent", "signal_dbm"):
            value = getattr(reading, name)
            if math.isfinite(value):
                self.health.figure(name, f"{value:.0f}")
        if math.isfinite(reading.battery_percent):
            low = reading.battery_percent <= LOW_BATTERY_PERCENT
            words = f"{self.get_name()}: its battery is at {reading.battery_percent:.0f} %; charge it"
            self.health.condition("battery", WARN if low else OK, words)

    def _declare_variances(self, message: Any) -> None:
        covariances = (
            message.orientation_covariance,
            message.angular_velocity_covariance,
            message.linear_acceleration_covariance,
        )
        for covariance, variance in zip(covariances, self._variances, strict=True):
            if covariance[0] >= 0.0:  # REP-145: -1 says that the quantity is not measured
                covariance[0] = covariance[4] = covariance[8] = variance


def main() -> None:
    run_node(ImuNode)


if __name__ == "__main__":
    main()
