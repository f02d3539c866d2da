"""Sit-up: parameters, faults and criteria."""

from typing import Final

from sport_nodes.lab.technique import Criterion, Fault, Parameter, Technique

P = Parameter
C = Criterion

#: The school test: on the back, knees bent at about 90 degrees, feet held to the floor, hands at the head, up until the
#: elbows reach the knees, back until the shoulder blades touch the floor (China's National Student Physical Health
#: Standard, 2014 revision). Trunk angles are of the line from hips to shoulders over the floor.
SIT_UP: Final = Technique(
    action="sit_up",
    stages=("lying", "rise", "top", "return"),
    stage_weights=(0.15, 0.35, 0.25, 0.25),
    parameters={
        "knee_flexion_deg": P(90, 5, 1, 70, 115),
        "top_trunk_deg": P(78, 4, 2, 30, 92),
        "top_curl_deg": P(38, 5, 2, 12, 55),
        "rest_trunk_deg": P(0.0, 0.3, 0.2, 0, 32),
        "rest_curl_deg": P(3, 1.5, 1, 0, 25),
        "arm_throw": P(0.0, 0.02, 0.01, 0, 1.2),
        "feet_lift_m": P(0.0, 0.0, 0.0, 0, 0.25),
        "jerk": P(0.0, 0.04, 0.03, 0, 1.3),
        "twist_deg": P(0.0, 1.5, 1, -40, 40),
        "side_bend_deg": P(0.0, 0.8, 0.5, -20, 20),
        "pause_s": P(0.28, 0.06, 0.04, 0.08, 1.6),
        "rise_s": P(0.85, 0.08, 0.04, 0.45, 2.6),
        "top_s": P(0.14, 0.04, 0.02, 0.05, 0.8),
        "return_s": P(0.90, 0.08, 0.04, 0.45, 2.6),
    },
    faults={
        "incomplete_rise": Fault({"top_trunk_deg": -27, "top_curl_deg": -6}),
        "arm_swing_momentum": Fault({"arm_throw": 0.8}),
        "feet_lift": Fault({"feet_lift_m": 0.11}),
        "jerky_rise": Fault({"jerk": 0.85}),
        "incomplete_return": Fault({"rest_trunk_deg": 18, "rest_curl_deg": 10}),
        "uneven_trunk": Fault({"twist_deg": 22, "side_bend_deg": 9}),
        "slow_tempo": Fault({"pause_s": 0.5, "rise_s": 0.75, "top_s": 0.2, "return_s": 0.75}),
    },
    criteria=(
        C("knee_flexion_deg", "lying", 76, 106, 20, 30),
        C("rest_curl_deg", "lying", 0, 8, 9, 20),
        C("pause_s", "lying", 0.0, 0.5, 0.5, 35),
        C("arm_throw", "lying", 0.0, 0.15, 0.6, 30),
        C("jerk", "rise", 0.0, 0.2, 0.6, 55),
        C("feet_lift_m", "rise", 0.0, 0.02, 0.09, 45),
        C("arm_throw", "rise", 0.0, 0.15, 0.6, 40),
        C("rise_s", "rise", 0.5, 1.1, 0.55, 30),
        C("twist_deg", "rise", -5, 5, 17, 25),
        C("top_trunk_deg", "top", 68, 92, 23, 65),
        C("twist_deg", "top", -5, 5, 17, 30),
        C("side_bend_deg", "top", -4, 4, 8, 20),
        C("rest_trunk_deg", "return", 0, 3, 15, 60),
        C("return_s", "return", 0.55, 1.2, 0.5, 30),
        C("feet_lift_m", "return", 0.0, 0.02, 0.09, 15),
    ),
)
