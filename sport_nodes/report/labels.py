"""The report's own words, in each language."""

from __future__ import annotations

from typing import Final

from sport_nodes.diagnosis.findings import NOT_ASSESSED, Diagnosis

_LABELS: Final[dict[str, tuple[str, str]]] = {
    "athlete": ("Athlete", "学生"),
    "trial": ("Trial", "测试"),
    "simulated": ("Simulated", "模拟数据"),
    "simulated_note": (
        "This movement comes from the simulated lab, not from a person.",
        "此动作来自模拟实验室，并非真人。",
    ),
    "score": ("Score", "得分"),
    "of_100": ("of 100", "满分100"),
    "no_score": ("No score", "无得分"),
    "interval": ("between {low} and {high} with 90 % certainty", "90% 可能在 {low} 到 {high} 之间"),
    "grade_chances": ("How likely each grade is", "各等级的可能性"),
    "improve": ("What to improve first", "首先改进"),
    "nothing_to_improve": (
        "Nothing stands out above the measurement error.",
        "没有超出测量误差的偏差。",
    ),
    "no_single_cause": (
        "What differs from the target has no single cause that could be named.",
        "下列偏差未能归因于单一原因。",
    ),
    "nothing_compared": ("This recording could not be compared with the target.", "本次记录无法与目标比较。"),
    "cue": ("Say", "口令"),
    "drill": ("Practise", "练习"),
    "check": ("It worked when", "检验"),
    "strengths": ("What is done well", "做得好的地方"),
    "no_strengths": ("Nothing could be confirmed from this recording.", "本次记录无法确认优点。"),
    "movement": ("The movement", "动作回放"),
    "play": ("Play", "播放"),
    "pause": ("Pause", "暂停"),
    "show_target": ("Show target", "显示目标"),
    "turn_hint": ("Drag to turn, pinch or wheel to zoom", "拖动旋转，滚轮或双指缩放"),
    "left_side": ("left", "左侧"),
    "right_side": ("right", "右侧"),
    "target": ("target", "目标"),
    "estimated": ("hollow: estimated, not measured", "空心：估计值，非测量"),
    "speed": ("Speed", "速度"),
    "time": ("Time in the trial", "测试时间"),
    "stages": ("Stages", "各阶段"),
    "stages_note": (
        "Bar: points of 100. Line: where the true mark lies with 90 % certainty.",
        "条形：百分制得分；细线：90% 区间。",
    ),
    "metrics": ("Measured against the target", "与目标对比"),
    "metrics_note": (
        "Green band: as good as the target. Dot: this trial; line through it: measurement error (MDC95).",
        "绿色带：与目标相当。圆点：本次；横线：测量误差（MDC95）。",
    ),
    "less": ("less than target", "低于目标"),
    "more": ("more than target", "高于目标"),
    "verdict_within_tolerance": ("as the target", "符合目标"),
    "verdict_within_error": ("too close to tell", "误差范围内"),
    "verdict_deviates": ("differs", "有偏差"),
    "verdict_not_assessed": ("not assessed", "未评估"),
    "target_value": ("target", "目标"),
    "error_value": ("error", "误差"),
    "before": ("before", "以前"),
    "since_unchanged": ("no change that can be told", "无可辨变化"),
    "since_better": ("nearer to the target", "更接近目标"),
    "since_worse": ("further from the target", "更偏离目标"),
    "since_changed": ("changed", "有变化"),
    "more_metrics": ("{count} more in the screen version", "另有 {count} 项见电子版"),
    "alignment": ("Timing against the target", "与目标的时间对比"),
    "alignment_note": (
        "Top: this trial. Bottom: the target. Lines join the same moments; slanting lines mean earlier or later.",
        "上：本次；下：目标。连线为同一时刻，倾斜表示提前或延后。",
    ),
    "this_trial": ("This trial", "本次"),
    "the_target": ("Target", "目标"),
    "dimensions": ("Seven aspects of technique", "七个技术维度"),
    "for_student": ("For the student", "给学生的话"),
    "full_text": ("In words", "文字评语"),
    "coverage": ("What the sensors saw", "传感器覆盖"),
    "coverage_note": ("Share of the time each joint was seen.", "各关节被观测到的时间比例。"),
    "head": ("head", "头部"),
    "coverage_measured": ("one sensor", "单传感器"),
    "coverage_fused": ("several sensors", "多传感器"),
    "coverage_filled": ("short gap filled", "短缺口插补"),
    "coverage_inferred": ("estimated", "推断"),
    "coverage_missing": ("missing", "缺失"),
    "clocks": ("Device clocks", "设备时钟"),
    "device": ("Device", "设备"),
    "offset": ("offset", "偏移"),
    "drift": ("drift", "漂移"),
    "jitter": ("jitter", "抖动"),
    "latency": ("late", "延迟"),
    "dropped": ("lost", "丢失"),
    "state": ("state", "状态"),
    "trusted": ("trusted", "可信"),
    "not_trusted": ("not trusted", "不可信"),
    "model": ("Scoring model", "评分模型"),
    "target_model": ("Target model", "目标模型"),
    "words_by": ("Words", "评语来源"),
    "words_template": ("template", "模板"),
    "claims": ("{claims} statements checked, {rejected} struck", "核查 {claims} 条陈述，删除 {rejected} 条"),
    "notices": ("Please note", "请注意"),
    "pain": ("If anything hurts, stop and tell an adult.", "如有疼痛，请停止并告诉老师或家长。"),
    "no_keyframes": ("No keyframes were found.", "未找到关键帧。"),
}


def labels(language: str) -> dict[str, str]:
    """All words of the report in "zh", or in English for every other language."""
    column = 1 if language == "zh" else 0
    return {name: pair[column] for name, pair in _LABELS.items()}


def why_nothing_to_improve(diagnosis: Diagnosis, language: str) -> str:
    """What to say where the coach has nothing to improve."""
    if diagnosis.deviations:
        why = "no_single_cause"
    elif any(f.verdict != NOT_ASSESSED for f in diagnosis.findings):
        why = "nothing_to_improve"
    else:
        why = "nothing_compared"
    return labels(language)[why]
