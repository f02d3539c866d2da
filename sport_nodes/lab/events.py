"""What reaches the host from the simulated devices."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sport_nodes.lab.clocks import DeviceTruth
from sport_nodes.motion import Motion

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class KeypointFrame:
    """People in one image: xy_px (P, 17, 2), confidence (P, 17); NaN and 0 where not seen."""

    xy_px: Array
    confidence: Array


@dataclass(frozen=True, eq=False)
class DepthFrame:
    """Joints in the depth camera's optical frame: positions_m (17, 3), confidence (17,); NaN and 0 where missing."""

    positions_m: Array
    confidence: Array


@dataclass(frozen=True, eq=False)
class ImuSample:
    """orientation_xyzw (4,) of the sensor in world; vector (6,) as measurements.IMU_VECTOR."""

    orientation_xyzw: Array
    vector: Array


Payload: TypeAlias = KeypointFrame | DepthFrame | ImuSample


@dataclass(frozen=True, eq=False)
class DeviceEvent:
    """One sample as it reaches the host.

    device_time_s: the device's stamp on its own clock. trigger: number of the hardware trigger; None without one.
    exposure_s: when it was truly taken, arrival_s: when it arrived, both in host time.
    """

    device: str
    device_time_s: float
    sequence: int
    trigger: int | None
    exposure_s: float
    arrival_s: float
    payload: Payload

    def later(self, shift_s: float) -> DeviceEvent:
        """The same sample with host times moved by shift_s."""
        return replace(self, exposure_s=self.exposure_s + shift_s, arrival_s=self.arrival_s + shift_s)


@dataclass(frozen=True, eq=False)
class DeviceEvents:
    """A whole recording, by arrival. truth: the motion on the host's clock. rates_hz, clocks: by device."""

    events: tuple[DeviceEvent, ...]
    truth: Motion
    rates_hz: dict[str, float]
    clocks: dict[str, DeviceTruth]
    scenario: str

    def of(self, device: str) -> tuple[DeviceEvent, ...]:
        """The events of one device, by arrival."""
        return tuple(e for e in self.events if e.device == device)
