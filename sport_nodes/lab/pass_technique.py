"""Volleyball overhead pass: parameters, faults and criteria."""

from typing import Final

from sport_nodes.lab.technique import Criterion, Fault, Parameter, Technique

P = Parameter
C = Criterion

#: No public recordings: angles after the description of the overhead pass in Reeser & Bahr (2017), Handbook of Sports
#: Medicine and Science: Volleyball, ch. 2, and FIVB Coaches Manual (2011): ball met above the forehead, elbows out at
#: about 90 degrees, knees bent, the whole body extending through the ball.
OVERHEAD_PASS: Final = Technique(
    action="overhead_pass",
    stages=("preparation", "load", "extension", "follow_through"),
    stage_weights=(0.2, 0.25, 0.3, 0.25),
    parameters={
        "hands_elevation_deg": P(148, 5, 2, 70, 175),
        "set_elbow_flexion_deg": P(98, 6, 3, 60, 125),
        "load_knee_flexion_deg": P(52, 6, 2.5, 12, 90),
        "load_trunk_lean_deg": P(9, 3, 1.2, -12, 25),
        "leg_drive_delay_s": P(0.0, 0.012, 0.008, -0.05, 0.28),
        "contact_elbow_flexion_deg": P(84, 5, 3, 45, 115),
        "final_elbow_flexion_deg": P(14, 3, 2, 6, 80),
        "final_knee_flexion_deg": P(10, 2, 1, 4, 60),
        "final_elevation_deg": P(152, 4, 2, 90, 172),
        "extension_trunk_lean_deg": P(3, 2, 1, -32, 14),
        "arm_difference_deg": P(0.0, 2, 1, -45, 45),
        "hand_lead_m": P(0.0, 0.006, 0.004, -0.2, 0.2),
        "follow_hold_s": P(0.45, 0.08, 0.04, 0.02, 1.0),
        "heel_rise_deg": P(28, 5, 3, 0, 42),
        "preparation_s": P(0.70, 0.07, 0.04, 0.4, 1.2),
        "load_s": P(0.50, 0.05, 0.03, 0.25, 0.9),
        "extension_s": P(0.22, 0.02, 0.012, 0.14, 0.4),
        "stance_stagger_m": P(0.12, 0.04, 0.01, -0.05, 0.25),
    },
    faults={
        "low_hands": Fault({"hands_elevation_deg": -34, "final_elevation_deg": -30}),
        "shallow_load": Fault({"load_knee_flexion_deg": -30}),
        "incomplete_extension": Fault({"final_elbow_flexion_deg": 40, "final_knee_flexion_deg": 18}),
        "uneven_arms": Fault({"arm_difference_deg": 24, "hand_lead_m": 0.09}),
        "late_leg_drive": Fault({"leg_drive_delay_s": 0.2}),
        "arched_back": Fault({"extension_trunk_lean_deg": -20, "load_trunk_lean_deg": -9}),
        "no_follow_through": Fault({"follow_hold_s": -0.4, "final_elbow_flexion_deg": 16}),
    },
    criteria=(
        C("hands_elevation_deg", "preparation", 135, 165, 30, 55),
        C("set_elbow_flexion_deg", "preparation", 82, 114, 25, 20),
        C("preparation_s", "preparation", 0.5, 1.0, 0.3, 10),
        C("load_knee_flexion_deg", "load", 40, 70, 28, 60),
        C("load_trunk_lean_deg", "load", 2, 17, 14, 20),
        C("arm_difference_deg", "load", -6, 6, 22, 20),
        C("leg_drive_delay_s", "extension", -0.04, 0.04, 0.16, 50),
        C("extension_trunk_lean_deg", "extension", -4, 12, 18, 50),
        C("hand_lead_m", "extension", -0.025, 0.025, 0.08, 30),
        C("arm_difference_deg", "extension", -6, 6, 22, 25),
        C("final_elbow_flexion_deg", "follow_through", 0, 22, 34, 45),
        C("final_knee_flexion_deg", "follow_through", 0, 16, 14, 15),
        C("follow_hold_s", "follow_through", 0.25, 1.0, 0.3, 35),
        C("final_elevation_deg", "follow_through", 140, 170, 28, 25),
    ),
)
