"""Every figure by which the simulated sensors depart from the truth, with its source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

# Spread of human annotators per joint over the root of the person's area (COCO keypoint evaluation, "sigmas"), in the
# order of skeleton.JOINTS: the only published ranking of how sharply each joint can be told in an image.
COCO_SIGMA: Final = (
    *(0.026, 0.025, 0.025, 0.035, 0.035),
    *(0.079, 0.079, 0.072, 0.072, 0.062, 0.062),
    *(0.107, 0.107, 0.087, 0.087, 0.089, 0.089),
)


@dataclass(frozen=True)
class SensorNoise:
    """The lab's sensors as they are on a good day; scenarios replace single figures.

    "Chosen" marks a figure without a published value; it says what it was set by.
    """

    # -- RGB cameras: 2D keypoints ------------------------------------------------------------------------------------
    camera_rate_hz: float = 30.0  # the hardware trigger's rate: that of the depth camera
    exposure_s: float = 0.005  # chosen: indoor sport, short enough to freeze a jump
    # Detectors scatter far less than annotators. 0.2 of COCO_SIGMA gives 2 to 3 px at 4.5 m, and with three cameras a
    # mean 3D error of 10 to 20 mm, the better half of what Nakano et al. 2020 (Front. Sports Act. Living 2:50) measured
    # for OpenPose: 47 % of mean absolute errors under 20 mm, 80 % under 30 mm.
    keypoint_sigma_share: float = 0.2
    # Half of the variance stays for some frames: a detector sees nearly the same image again (chosen).
    keypoint_correlated_share: float = 0.5
    keypoint_correlation_s: float = 0.2
    blur_sigma_share: float = 0.29  # a point somewhere in a streak of length L is uniform in it: sd L / sqrt(12)
    occluded_sigma_factor: float = 5.0  # chosen: a guessed joint lies up to half a limb's width off
    occluded_missing_probability: float = 0.15  # chosen: share of occluded joints that a detector leaves out
    # Misses were the rarest localisation errors but one in Ronchi & Perona 2017 (ICCV, arXiv 1707.05388); most fall on
    # occluded joints, which are accounted for above. For visible ones:
    outlier_probability: float = 0.004
    outlier_sigma_px: float = 120.0  # chosen: lands on another limb or on the background
    # Left-right inversion (same study) comes in runs of frames; rate and length chosen, about 1 % of frames.
    swap_rate_hz: float = 0.05
    swap_duration_s: float = 0.2
    visible_confidence: float = 0.88  # chosen: typical heat-map peak
    occluded_confidence: float = 0.30
    confidence_sigma: float = 0.06
    # -- depth camera: 17 joints ----------------------------------------------------------------------------------
    depth_rate_hz: float = 30.0  # Azure Kinect, body tracking's highest rate
    # Azure Kinect specification, confirmed by Toelgyessy et al. 2021 (Sensors 21:413): random error sd <= 17 mm and
    # systematic error < 11 mm + 0.1 % of the distance; random error at the end of the range of mode NFOV unbinned.
    depth_sigma_m: float = 0.017
    depth_sigma_distance_m: float = 3.86
    depth_bias_m: float = 0.011
    depth_bias_per_m: float = 0.001
    depth_lateral_sigma_rad: float = 0.004  # one pixel of mode NFOV 2x2 binned: 75 degrees over 320 pixels
    depth_correlated_share: float = 0.3
    depth_correlation_s: float = 0.2
    depth_minimum_m: float = 0.5  # range of mode NFOV 2x2 binned, Azure Kinect specification
    depth_maximum_m: float = 5.46
    # Body tracking marks unseen joints LOW and predicts them (Body Tracking SDK, k4abt_joint_confidence_level_t).
    depth_occluded_sigma_m: float = 0.05  # chosen: half a limb's width and more
    depth_occluded_pull_m: float = 0.08  # chosen: towards the occluder, whose surface is what was measured
    depth_occluded_correlation_s: float = 0.5
    depth_visible_confidence: float = 0.85
    depth_occluded_confidence: float = 0.25
    # -- IMUs -----------------------------------------------------------------------------------------------------
    imu_rate_hz: float = 200.0
    # Xsens MTi-1 as tabulated in Transactions on Aerospace Research 2023 (doi 10.2478/tar-2023-0022): noise density
    # 0.007 deg/s/rtHz and 120 ug/rtHz, bias stability 10 deg/h and 0.03 mg, ranges 2000 deg/s and 16 g.
    gyro_noise_rad_s_rthz: float = 1.22e-4
    accel_noise_m_s2_rthz: float = 1.18e-3
    gyro_range_rad_s: float = 34.9
    accel_range_m_s2: float = 156.9
    gyro_bias_rad_s: float = 0.0035  # chosen: 0.2 deg/s left after a static start
    accel_bias_m_s2: float = 0.03  # chosen: 3 mg left after the maker's calibration
    # Xsens MTi/MTx manual MT0100P, section 4.2: roll and pitch 0.5 deg, heading 1 deg at rest, 2 deg RMS in motion.
    tilt_error_rad: float = 0.0087
    tilt_correlation_s: float = 5.0
    heading_error_rad: float = 0.035
    heading_walk_rad_rts: float = 0.0024  # chosen: 1 deg after a minute
    # Sensor against segment after a static pose: 5 deg is the error that clinical goniometry accepts.
    mounting_error_rad: float = 0.087
    # -- clocks and transport -------------------------------------------------------------------------------------
    clock_drift_ppm: float = 40.0  # sd; crystals are within 100 ppm (Matrix Vision mvBlueFOX3 manual, section 18)
    clock_jitter_s: float = 20e-6  # of a device's stamp
    trigger_jitter_s: float = 30e-6  # exposure against trigger; Azure Kinect documents: within 100 us
    delay_floor_s: float = 0.0002  # chosen: one USB microframe and the driver's wake-up
    delay_mean_s: float = 0.005  # exponential part
    spike_probability: float = 0.01  # chosen: the host is busy
    spike_s: float = 0.050
    drop_probability: float = 0.002  # chosen: a frame or packet in 500
    repeat_probability: float = 0.001  # chosen: sent twice
