"""What can go wrong in the lab, as data: each scenario is the good day with a few figures replaced."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

from sport_nodes import topics
from sport_nodes.errors import InputError
from sport_nodes.lab.noise import SensorNoise


@dataclass(frozen=True)
class Bystander:
    """Someone else in view: where at the start of the recording, how fast, which way they face, how tall."""

    position_m: tuple[float, float]
    velocity_m_s: tuple[float, float] = (0.0, 0.0)
    facing_rad: float = 0.0
    height_m: float = 1.70


@dataclass(frozen=True)
class Scenario:
    """One state of the lab. Times are shares of the recording's length.

    absent: devices that never deliver. silent_from: devices that stop, and when. restart_at: devices that restart, and
    when. rotated_rad: cameras that were knocked after calibration. obstructed: cameras with a vaulting box before them.
    """

    name: str
    label: str
    noise: SensorNoise = field(default_factory=SensorNoise)
    absent: tuple[str, ...] = ()
    silent_from: dict[str, float] = field(default_factory=dict)
    restart_at: dict[str, float] = field(default_factory=dict)
    restart_outage_s: float = 0.4
    rotated_rad: dict[str, float] = field(default_factory=dict)
    obstructed: tuple[str, ...] = ()
    bystanders: tuple[Bystander, ...] = ()
    imu_latency_s: float = 0.0


_GOOD: Final = SensorNoise()
_POOR_LIGHT: Final = replace(
    _GOOD,
    exposure_s=0.016,
    keypoint_sigma_share=2.0 * _GOOD.keypoint_sigma_share,
    outlier_probability=5.0 * _GOOD.outlier_probability,
    visible_confidence=0.65,
    confidence_sigma=0.12,
)

SCENARIOS: Final[dict[str, Scenario]] = {
    s.name: s
    for s in (
        Scenario("default", "everything works"),
        Scenario("occlusion", "a vaulting box hides the legs", obstructed=(topics.KINECT, "camera_0")),
        Scenario(
            "swap",
            "detectors often take left for right",
            noise=replace(_GOOD, swap_rate_hz=1.0, swap_duration_s=0.3),
        ),
        Scenario("dropped_imu", "one IMU stops", silent_from={"imu_left_shank": 0.4}),
        Scenario("dropped_camera", "one camera stops", silent_from={"camera_1": 0.4}),
        Scenario("no_depth", "there is no depth camera", absent=(topics.KINECT,)),
        Scenario("miscalibrated_camera", "a camera was knocked by 2 degrees", rotated_rad={"camera_2": 0.035}),
        Scenario(
            "two_people",
            "a coach stands by and someone walks past",
            bystanders=(
                Bystander((2.6, 1.9), facing_rad=-2.0, height_m=1.75),
                Bystander((-1.5, 2.6), velocity_m_s=(0.6, 0.0), height_m=1.60),
            ),
        ),
        Scenario("poor_light", "long exposure and noisy images", noise=_POOR_LIGHT),
        Scenario(
            "device_restart",
            "a camera and an IMU restart in mid-trial",
            restart_at={"camera_0": 0.5, "imu_right_forearm": 0.35},
        ),
        Scenario("fast_cameras", "cameras at twice the depth camera's rate", noise=replace(_GOOD, camera_rate_hz=60.0)),
        Scenario("late_imu", "wireless IMUs with a latency that no clock shows", imu_latency_s=0.025),
    )
}


def load_scenario(name: str) -> Scenario:
    """Raises InputError when there is no scenario of that name."""
    if name not in SCENARIOS:
        raise InputError(f"there is no scenario '{name}'; known are {', '.join(SCENARIOS)}")
    return SCENARIOS[name]
