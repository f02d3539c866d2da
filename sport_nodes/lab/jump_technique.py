"""Standing long jump: parameters, faults and criteria."""

from typing import Final

from sport_nodes.lab.technique import Criterion, Fault, Parameter, Technique

P = Parameter
C = Criterion

#: Means follow the two long jumps of the CMU motion capture database (angles, tempos) and, for speed and angle of
#: take-off, Wakai & Linthorne (2005), Optimum take-off angle in the standing long jump, Hum. Mov. Sci. 24.
#: Angles of arms and legs are in world: 0 is vertical, forward positive.
STANDING_LONG_JUMP: Final = Technique(
    action="standing_long_jump",
    stages=("pre_swing", "take_off", "flight", "landing"),
    stage_weights=(0.2, 0.35, 0.2, 0.25),
    parameters={
        "crouch_knee_flexion_deg": P(90, 7, 2.5, 35, 120),
        "crouch_trunk_lean_deg": P(38, 5, 2, 10, 60),
        "back_swing_deg": P(58, 8, 3, 5, 85),
        "first_swing_deg": P(12, 9, 3, -5, 45),
        "forward_swing_deg": P(80, 13, 4, 5, 140),
        "swing_elbow_deg": P(68, 10, 4, 20, 110),
        "arm_delay_s": P(0.0, 0.012, 0.006, -0.06, 0.26),
        "take_off_speed_mps": P(2.75, 0.18, 0.05, 1.8, 3.4),
        "take_off_angle_deg": P(40, 2.5, 1.0, 24, 52),
        "take_off_knee_flexion_deg": P(29, 4, 1.5, 12, 75),
        "take_off_trunk_lean_deg": P(3, 4, 1.5, -8, 45),
        "heel_rise_deg": P(66, 4, 2, 25, 78),
        "flight_knee_flexion_deg": P(52, 8, 3, 30, 105),
        "landing_reach_deg": P(29, 3, 1.2, 2, 42),
        "landing_trunk_lean_deg": P(13, 6, 2, 0, 45),
        "landing_knee_flexion_deg": P(26, 4, 2, 12, 45),
        "absorption_knee_flexion_deg": P(90, 8, 3, 32, 118),
        "stagger_m": P(0.0, 0.008, 0.006, -0.4, 0.4),
        "pelvis_roll_deg": P(0.0, 0.7, 0.4, -14, 14),
        "pre_swing_s": P(1.0, 0.10, 0.03, 0.65, 1.5),
        "recovery_s": P(0.95, 0.10, 0.04, 0.6, 1.4),
    },
    faults={
        "shallow_crouch": Fault(
            {"crouch_knee_flexion_deg": -36, "crouch_trunk_lean_deg": -12, "take_off_speed_mps": -0.35}
        ),
        "weak_arm_swing": Fault({"back_swing_deg": -38, "forward_swing_deg": -62, "take_off_speed_mps": -0.15}),
        "late_arm_swing": Fault({"arm_delay_s": 0.16, "take_off_speed_mps": -0.1}),
        "low_take_off_angle": Fault({"take_off_angle_deg": -14, "flight_knee_flexion_deg": 20}),
        "incomplete_extension": Fault(
            {
                "take_off_knee_flexion_deg": 28,
                "take_off_trunk_lean_deg": 16,
                "heel_rise_deg": -18,
                "take_off_speed_mps": -0.15,
            }
        ),
        "stiff_landing": Fault({"absorption_knee_flexion_deg": -46, "landing_knee_flexion_deg": -8}),
        "short_landing_reach": Fault({"landing_reach_deg": -21, "landing_trunk_lean_deg": -8}),
        "uneven_legs": Fault({"stagger_m": 0.17, "pelvis_roll_deg": 7}),
    },
    criteria=(
        C("crouch_knee_flexion_deg", "pre_swing", 78, 106, 34, 45),
        C("crouch_trunk_lean_deg", "pre_swing", 28, 48, 24, 15),
        C("back_swing_deg", "pre_swing", 44, 80, 40, 35),
        C("forward_swing_deg", "take_off", 54, 130, 54, 30),
        C("arm_delay_s", "take_off", -0.03, 0.03, 0.14, 35),
        C("take_off_angle_deg", "take_off", 35, 46, 12, 40),
        C("take_off_knee_flexion_deg", "take_off", 0, 39, 26, 40),
        C("take_off_trunk_lean_deg", "take_off", -8, 11, 24, 15),
        C("pelvis_roll_deg", "take_off", -2, 2, 7, 30),
        C("flight_knee_flexion_deg", "flight", 34, 90, 25, 20),
        C("take_off_speed_mps", "flight", 2.35, 3.4, 0.6, 30),
        C("take_off_angle_deg", "flight", 34, 48, 13, 25),
        C("stagger_m", "flight", -0.03, 0.03, 0.16, 40),
        C("landing_reach_deg", "landing", 22, 42, 18, 45),
        C("absorption_knee_flexion_deg", "landing", 72, 112, 44, 50),
        C("stagger_m", "landing", -0.03, 0.03, 0.16, 30),
    ),
)
