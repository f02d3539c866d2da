"""Words that people read for the names that the program uses, in each language."""

from __future__ import annotations

import math
from typing import Final

from sport_nodes.actions import Action
from sport_nodes.skeleton import INDEX

_ZH: Final = "zh"

GRADE_WORDS: Final[dict[str, tuple[str, str]]] = {
    "poor": ("poor", "不及格"),
    "pass": ("pass", "及格"),
    "fair": ("fair", "中等"),
    "good": ("good", "良好"),
    "excellent": ("excellent", "优秀"),
}
DIMENSION_WORDS: Final[dict[str, tuple[str, str]]] = {
    "head_and_eyes": ("head and eyes", "头部与视线"),
    "torso_and_core": ("torso and core", "躯干与核心"),
    "arms_and_elbows": ("arms and elbows", "手臂与肘部"),
    "wrists_and_hands": ("wrists and hands", "手腕与手"),
    "legs_and_knees": ("legs and knees", "腿部与膝部"),
    "feet_and_heels": ("feet and heels", "脚与脚跟"),
    "human_object_interaction": ("contact with ball or ground", "与球或地面的接触"),
}
SIDE_WORDS: Final[dict[str, tuple[str, str]]] = {"left": ("left", "左"), "right": ("right", "右")}
BODY_PART_WORDS: Final[dict[str, tuple[str, str]]] = {
    "nose": ("nose", "鼻"),
    "eye": ("eye", "眼"),
    "ear": ("ear", "耳"),
    "shoulder": ("shoulder", "肩"),
    "elbow": ("elbow", "肘"),
    "wrist": ("wrist", "腕"),
    "hip": ("hip", "髋"),
    "knee": ("knee", "膝"),
    "ankle": ("ankle", "踝"),
}
#: Unit as the program writes it: (English, Chinese, digits after the point that the measurement can bear).
_UNITS: Final[dict[str, tuple[str, str, int]]] = {
    "deg": ("°", "°", 0),
    "% height": (" % of body height", " %身高", 0),
    "%": (" %", " %", 0),
    "s": (" s", " 秒", 2),
    "m": (" m", " 米", 2),
    "m/s": (" m/s", " 米/秒", 1),
    "deg/s": (" °/s", " °/秒", 0),
    "log": ("", "", 1),  # of a smoothness: higher is smoother
    "": ("", "", 2),
}
_UNKNOWN_UNIT_DIGITS: Final = 2
#: Why a metric was not assessed, as diagnosis says it; what stands behind the colon is a list of joints.
_HIDDEN_JOINTS: Final = ("not measured well enough: ", "测量不足：")
_REASONS: Final[dict[str, str]] = {
    "it could not be read from this recording": "本次记录中无法读取",
    "the target model does not show it": "目标模型中没有此项",
    "its measurement error is not known": "测量误差未知",
    "the deviation is no greater than the measurement error": "偏差不超过测量误差",
}


def choose(pair: tuple[str, str], language: str) -> str:
    """The word of a pair (English, Chinese)."""
    return pair[1] if language == _ZH else pair[0]


def joint_words(joint: str, language: str) -> str:
    """`left_knee` as "left knee"."""
    side, _, part = joint.rpartition("_")
    word = choose(BODY_PART_WORDS[part], language)
    if not side:
        return word
    return choose(SIDE_WORDS[side], language) + ("" if language == _ZH else " ") + word


def reason_words(reason: str, language: str) -> str:
    """A finding's reason in the language; as it stands where there are no other words for it."""
    english, chinese = _HIDDEN_JOINTS
    if reason.startswith(english):
        names = reason.removeprefix(english).split(", ")
        joints = [joint_words(name, language) if name in INDEX else name for name in names]
        return chinese + "、".join(joints) if language == _ZH else english + ", ".join(joints)
    return _REASONS.get(reason, reason) if language == _ZH else reason


def decimals_of(unit: str) -> int:
    """Digits after the point that a number of this unit is written with."""
    return _UNITS[unit][2] if unit in _UNITS else _UNKNOWN_UNIT_DIGITS


def number(value: float, unit: str, language: str, *, signed: bool = False, with_unit: bool = True) -> str:
    """A measured number as people read it; a dash where there is none."""
    if not math.isfinite(value):
        return "–"
    # -0.0 and what rounds to it are written without a sign.
    rounded = round(value, decimals_of(unit)) + 0.0
    text = f"{rounded:{'+' if signed else ''}.{decimals_of(unit)}f}".replace("-", "−")
    if not with_unit:
        return text
    english, chinese, _ = _UNITS.get(unit, (f" {unit}", f" {unit}", 0))
    return text + choose((english, chinese), language)


def stage_words(action: Action, stage: str, language: str) -> str:
    """A stage's label in the language; the name itself for a stage that the action does not know."""
    return {s.name: s.label.in_language(language) for s in action.stages}.get(stage, stage)


def keyframe_words(action: Action, keyframe: str, language: str) -> str:
    """A keyframe's label in the language; the name itself for one that the action does not know."""
    return {k.name: k.label.in_language(language) for k in action.keyframes}.get(keyframe, keyframe)


def metric_words(action: Action, metric: str, language: str) -> str:
    """A metric's own label (not its deviation's) in the language."""
    return {m.name: m.label.in_language(language) for m in action.metrics}.get(metric, metric)


def deviation_words(action: Action, metric: str, deviation: float, language: str) -> str:
    """The words for too little (deviation < 0) or too much of a metric."""
    for spec in action.metrics:
        if spec.name == metric:
            return (spec.low_label if deviation < 0 else spec.high_label).in_language(language)
    return metric
