"""Basketball free throw: parameters, faults and criteria."""

from typing import Final

from sport_nodes.lab.technique import Criterion, Fault, Parameter, Technique

P = Parameter
C = Criterion

#: Means and their spread within a person follow 100 real free throws of one man (Shooting Performance Lab, 30 fps);
#: the spread between people is wider, as in Cabarkapa et al. (2021), Biomechanical characteristics of free throws.
#: upper_arm angles: between upper arm and trunk, 0 hanging, 90 horizontal.
FREE_THROW: Final = Technique(
    action="free_throw",
    stages=("preparation", "dip", "lift", "release"),
    stage_weights=(0.15, 0.25, 0.3, 0.3),
    parameters={
        "preparation_knee_flexion_deg": P(20, 4, 1.5, 6, 40),
        "dip_knee_flexion_deg": P(58, 6, 2.5, 18, 95),
        "dip_trunk_lean_deg": P(16, 3, 1.2, 4, 35),
        "leg_drive_delay_s": P(0.0, 0.010, 0.008, -0.04, 0.22),
        "set_upper_arm_deg": P(88, 6, 3, 50, 115),
        "set_elbow_flexion_deg": P(100, 5, 2, 75, 125),
        "release_upper_arm_deg": P(129, 5, 2, 85, 150),
        "release_elbow_flexion_deg": P(36, 5, 4, 12, 90),
        "follow_upper_arm_deg": P(143, 3, 1.5, 90, 158),
        "follow_elbow_flexion_deg": P(14, 3, 2, 6, 80),
        "follow_wrist_flexion_deg": P(58, 8, 4, -30, 80),
        "follow_hold_s": P(0.75, 0.15, 0.08, 0.03, 1.6),
        "elbow_flare_deg": P(6, 3, 1.5, -5, 50),
        "release_trunk_lean_deg": P(5, 2, 1, -28, 14),
        "heel_rise_deg": P(30, 5, 3, 0, 45),
        "preparation_s": P(0.55, 0.06, 0.04, 0.2, 1.2),
        "dip_s": P(1.15, 0.09, 0.05, 0.4, 1.9),
        "lift_s": P(0.33, 0.025, 0.015, 0.2, 0.6),
        "stance_stagger_m": P(0.06, 0.03, 0.01, -0.05, 0.2),
    },
    faults={
        "shallow_dip": Fault({"dip_knee_flexion_deg": -30}),
        "incomplete_elbow_extension": Fault({"release_elbow_flexion_deg": 26, "follow_elbow_flexion_deg": 38}),
        "elbow_flare": Fault({"elbow_flare_deg": 28}),
        "low_release": Fault({"release_upper_arm_deg": -28, "follow_upper_arm_deg": -30, "set_upper_arm_deg": -18}),
        "no_follow_through": Fault({"follow_wrist_flexion_deg": -62, "follow_hold_s": -0.65}),
        "trunk_lean_back": Fault({"release_trunk_lean_deg": -18}),
        "rushed_tempo": Fault({"preparation_s": -0.25, "dip_s": -0.55, "lift_s": -0.06}),
        "late_leg_drive": Fault({"leg_drive_delay_s": 0.16}),
    },
    criteria=(
        C("preparation_s", "preparation", 0.40, 1.2, 0.25, 55),
        C("preparation_knee_flexion_deg", "preparation", 10, 34, 15, 15),
        C("dip_knee_flexion_deg", "dip", 46, 76, 28, 60),
        C("dip_s", "dip", 0.90, 1.6, 0.50, 35),
        C("dip_trunk_lean_deg", "dip", 8, 25, 12, 10),
        C("leg_drive_delay_s", "lift", -0.03, 0.035, 0.14, 50),
        C("elbow_flare_deg", "lift", -4, 14, 24, 50),
        C("set_upper_arm_deg", "lift", 75, 102, 24, 20),
        C("lift_s", "lift", 0.27, 0.45, 0.08, 15),
        C("release_elbow_flexion_deg", "release", 0, 47, 26, 40),
        C("follow_elbow_flexion_deg", "release", 0, 22, 36, 15),
        C("release_upper_arm_deg", "release", 117, 150, 26, 45),
        C("follow_wrist_flexion_deg", "release", 36, 80, 56, 25),
        C("follow_hold_s", "release", 0.4, 1.6, 0.4, 20),
        C("release_trunk_lean_deg", "release", -3, 12, 16, 45),
    ),
)
