"""Lies told in words that no rule of the check was written with: paraphrase, negation, irony, another unit, a swapped
comparison, an order to do the fault, an invented cause; in English and Chinese.

lies.jsonl was written in seven parts, each before it was tried; what got out was mended, so the file tells what stays
mended. Of the last three parts, 404 lies of 62 kinds, 21 got out before they were: 10 of 222, 4 of 122, 7 of 60.
"""

import json
from pathlib import Path

import pytest

from sport_nodes.coaching.faithfulness import Faithfulness

LIES = [json.loads(line) for line in Path(__file__).with_name("lies.jsonl").read_text(encoding="utf-8").splitlines()]
TRIALS = {
    "jump": (
        "standing_long_jump",
        {
            "arm_swing_range": -2.4,
            "arm_swing_speed": -1.6,
            "take_off_arm_position": -1.5,
            "landing_knee_flexion": -1.8,
            "landing_hip_flexion": -1.3,
        },
        {"unsure": ("jump_height",), "unassessed": ("push_duration",)},
    ),
    "short_jump": ("standing_long_jump", {"arm_swing_range": -2.4, "landing_knee_flexion": -1.8}, {}),
    "flat_jump": (
        "standing_long_jump",
        {"crouch_knee_flexion": -2.0, "take_off_angle": -1.6},
        {"stages": (62.0, 90.0, 77.0, 85.0)},
    ),
    "throw": (
        "free_throw",
        {"set_elbow_flare": 2.0, "dip_knee_flexion": -1.7, "follow_elbow_flexion": 1.8},
        {"stages": (91.0, 55.0, 70.0, 80.0)},
    ),
    "pass": ("overhead_pass", {"load_knee_flexion": -2.0}, {"stages": (60.0, 92.0, 70.0, 80.0)}),
    "good_pass": ("overhead_pass", {}, {"stages": (92.0, 90.0, 91.0, 93.0)}),
    "sit_up": (
        "sit_up",
        {"top_trunk_inclination": -2.0, "top_hip_flexion": -2.0},
        {"stages": (60.0, 92.0, 70.0, 80.0)},
    ),
}
#: Told of the jump in the words of a coach, and true.
TRUE = {
    "en": (
        "Your arm swing was too small.",
        "Swing your arms further.",
        "Your arms were still low at take-off.",
        "The landing was stiff.",
        "Land softly, bend hips and knees.",
        "Next time, land softly.",
        "Try to swing the arms far back, then far up.",
        "The flight was your strongest stage with 88 points.",
        "Your knees bent too little at landing.",
        "Bend your knees more at landing.",
        "The arm swing reached 216 °/s instead of 520 °/s.",
        "The knee bend at the deepest crouch was as in the target.",
        "If anything hurts, stop and tell an adult.",
        "It worked when your landing makes hardly any sound.",
    ),
    "zh": (
        "摆臂幅度不足。",
        "落地过硬。",
        "腾空阶段得88分。",
        "请更大幅度摆臂。",
        "如有疼痛，请停止并告诉老师或家长。",
        "继续加油！",
    ),
}


@pytest.mark.parametrize("name", TRIALS)
def test_a_lie_in_other_words_does_not_get_out(trial, name):
    action, deviations, more = TRIALS[name]
    one = trial(action, deviations, **more)
    checks = {language: Faithfulness(one.facts, one.coach(language=language)) for language in TRUE}
    told = [lie for lie in LIES if lie["trial"] == name]
    assert told
    assert [lie["text"] for lie in told if checks[lie["language"]].check(lie["text"]).stands] == []


@pytest.mark.parametrize("language", TRUE)
def test_the_truth_in_other_words_stays(trial, language):
    action, deviations, more = TRIALS["jump"]
    one = trial(action, deviations, **more)
    check = Faithfulness(one.facts, one.coach(language=language))
    assert [sentence for sentence in TRUE[language] if not check.check(sentence).stands] == []
