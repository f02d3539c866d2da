"""The template's sentences, in each language: about the movement, never the body, and no medical advice."""

from __future__ import annotations

from typing import Final

_PHRASES: Final[dict[str, tuple[str, str]]] = {
    "total": (
        "{action}: {value} of 100 points ({grade}); with 90 % certainty the mark lies between {low} and {high}.",
        "{action}：得分 {value} 分（满分100），等级为{grade}；90% 的可能在 {low} 到 {high} 分之间。",
    ),
    "withheld": (
        "{action}: no score is given, because {reason}.",
        "{action}：本次不给分，原因：{reason}。",
    ),
    "stage_range": (
        "The strongest is {best} ({best_score} points), and {worst} ({worst_score} points) has most to gain.",
        "最好的阶段是{best}（{best_score} 分），提升空间最大的是{worst}（{worst_score} 分）。",
    ),
    "no_comparison": (
        "The movement could not be compared with the target, because {reason}.",
        "动作未能与目标比对，原因：{reason}。",
    ),
    "confirmed": (
        "Nothing that was measured departs from the target: this is a good movement, keep it as it is.",
        "所有测得的指标都与目标相符：这是一次好的动作，请保持。",
    ),
    "unexplained_score": (
        "What was measured does not explain the mark; let the teacher look at the replay.",
        "测得的指标不能解释得分，请老师查看回放。",
    ),
    "strengths": ("Done well: {items}.", "做得好的地方：{items}。"),
    "better": (
        "Nearer to the target than in earlier trials, by more than the measurement error: {items}.",
        "与以往几次相比更接近目标，且超出测量误差：{items}。",
    ),
    "worse": (
        "Further from the target than in earlier trials, by more than the measurement error: {items}.",
        "与以往几次相比离目标更远，且超出测量误差：{items}。",
    ),
    "change": ("{metric} ({now}, before {before})", "{metric}（{now}，以往 {before}）"),
    "student_better": ("Better than before: {item}.", "比以前更好：{item}。"),
    "strong_stage": ("{stage} ({score} of 100 points)", "{stage}（{score} 分）"),
    "strong_attribute": ("{attribute}, as in the target", "{attribute}，与目标相符"),
    "strong_metric": ("{metric}, as in the target ({value})", "{metric}，与目标相符（{value}）"),
    "dimension_well": ("As in the target: {items}.", "与目标相符：{items}。"),
    "dimension_improve": ("To improve: {items}.", "可改进：{items}。"),
    "dimension_unsure": ("Too close to call: {items}.", "误差范围内，无法判断：{items}。"),
    "dimension_unassessed": ("Not assessed: {items}.", "未评估：{items}。"),
    "dimension_by_eye": ("Not measured; look for this by eye: {items}.", "未测量，请目视观察：{items}。"),
    "deviation": ("{words} ({value}, target {target})", "{words}（{value}，目标 {target}）"),
    "sided": ("{side}: {words}", "{side}侧{words}"),
    "work_on": ("{rank}: {title}.", "{rank}：{title}。"),
    "rank_1": ("Work on first", "首先改进"),
    "rank_2": ("Then", "其次"),
    "rank_3": ("After that", "再次"),
    "measured": ("Measured: {items}.", "测得：{items}。"),
    "why": ("Why: {reason}", "原因：{reason}"),
    "cue": ("Cue: “{cue}”.", "口令：“{cue}”。"),
    "drill": ("Practise: {drill}", "练习：{drill}"),
    "check": ("It worked when: {check}", "检验：{check}"),
    "uncaused": (
        "Also measured, without a single clear cause: {items}.",
        "另外测得以下偏差，没有单一明确的原因：{items}。",
    ),
    "unsure": (
        "Too close to the measurement error to say, so no advice rests on it: {items}.",
        "在测量误差范围内，不作建议：{items}。",
    ),
    "unassessed": ("Not assessed: {items}.", "未评估：{items}。"),
    "unassessed_because": ("{items} ({reason})", "{items}（{reason}）"),
    "pain": ("If anything hurts, stop and tell an adult.", "如有疼痛，请停止并告诉老师或家长。"),
    "student_good": ("Well done: your movement is like the target's. Keep it.", "很好：你的动作与目标相符，请保持。"),
    "student_strength": ("This went well: {item}.", "这一点做得好：{item}。"),
    "student_cue": ("Next time, think: “{cue}”.", "下次记住：“{cue}”。"),
    "student_drill": ("Try this: {drill}", "试试这个：{drill}"),
    "student_check": ("You will notice it: {check}", "你会发现：{check}"),
    "student_nothing": (
        "This recording did not show enough to say more; let us do it once more.",
        "这次记录的信息不够，我们再做一次。",
    ),
}
_SEPARATORS: Final = ("; ", "；")


class Phrases:
    """The phrases of one language; English for every language but zh."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._column = 1 if language == "zh" else 0

    def __call__(self, name: str, **values: str) -> str:
        return _PHRASES[name][self._column].format(**values)

    def enumerate(self, items: list[str]) -> str:
        """Items in one sentence."""
        return _SEPARATORS[self._column].join(items)

    def join(self, sentences: list[str]) -> str:
        """Sentences as one paragraph."""
        return ("" if self._column else " ").join(sentences)
