"""Which words a sentence about a trial may use: those of its facts, those that are checked as claims, everyday ones."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from sport_nodes.coaching.lexicon import Lexicon
from sport_nodes.coaching.retrieval import terms

_EVERYDAY: Final = (
    "about again aim all almost already also altogether always another any around athlete attempt aware away back "
    "because become been before begin best better both bring bit bravo build but calm came careful carry check clear "
    "clearly coach come compare concentrate consistent continue control could day detail develop did done during each "
    "earn earned easy effort encourage end enjoy enough even every exercise feel few figure find finish first focus "
    "form forward foundation full further general get give go goal going good great happen happy has hard having help "
    "here hold idea important including instead into job jump just keep know last later lead learn let level like "
    "little look lot made main make many match matter may mean means measure measured might mind moment more most "
    "motion move movement much must near need new next nice no nothing notice now number off often once one only "
    "other our out over overall part pass path perform phase place plan point possible practice practise present "
    "proud pull push put quite ready real really recorded remember rest result right safe same saw say second see "
    "seen session set shot show side simple since skill slightly slow small so solid some something soon stage start "
    "stay step still stop such sure take target task teacher technique than thing think third three through time "
    "today together towards train trial try two up us use value very want watch way we week went were while whole "
    "within work worked working yet you yourself"
)
#: Everyday words that, without a subject that is measured, still tell what somebody did, point to what was said before,
#: or ask for something.
_TELLING: Final = (
    "look looked jump push pull place path move shot shoot away back forward down up hard fast watch same other "
    "another side check did done came went pass"
)
_EVERYDAY_CHINESE: Final = (
    " 继续 加油 努力 练习 保持 动作 阶段 很好 下次 注意 再来 一次 做得 老师 同学 "
    "我们 一起 目标 非常 不错 这次 记录 坚持 表现 数据 数值 数值为 从数据看 "
    "从数据来看 数据显示 录像显示 测量显示 结果显示 "
    "总的来说 整体来看 可以看到 测得 认真 享受 运动 学习 训练 相信 自己 整个"
)
#: Chinese characters that join words, and say nothing.
_JOINING: Final = frozenset("的了是在为你您我们它这那和与也都就着把被让给对从到中里时得一")
_CHINESE: Final = re.compile("[\u4e00-\u9fff]")
#: More than before, which is checked as a direction; of its opposite no word but the first would be.
_CHINESE_MORE: Final = re.compile("更[大高深长快远多]")
_CHINESE_QUANTITY: Final = re.compile(r"\d\s*(?:度|°|厘米|米|秒|分|%|/|每|身高)*")


class Vocabulary:
    """The words of one trial in one language. texts: what was supplied; stems: of words that are known besides."""

    def __init__(self, words: Lexicon, language: str, *, texts: Iterable[str], stems: Iterable[str]) -> None:
        self._is_chinese = language == "zh"
        everyday = set(terms(_EVERYDAY_CHINESE if self._is_chinese else _EVERYDAY))
        self._known = everyday | {stem for text in texts for stem in terms(text)} | set(stems)
        self._idle = everyday - set(terms(_TELLING))
        # What these find is checked as a claim.
        self._claims = (
            *words.parts.values(),
            *words.subjects.values(),
            *words.directions.values(),
            words.praise,
            words.fault,
            words.score,
            words.negation,
            words.advice,
        )

    def has_unknown(self, text: str, *, idle: bool) -> bool:
        """A word of a clause is known neither to the facts nor to everyday coaching, nor checked as a claim.

        idle: the clause claims nothing, so that there is nothing but its words to judge it by. In Chinese, which has no
        spaces, a character is unknown that stands in no known pair.
        """
        known = self._idle if idle else self._known
        claims = () if idle else self._claims
        if self._is_chinese:
            return _has_uncovered(text.lower(), known, claims)
        plain = text.lower()
        for pattern in claims:
            plain = pattern.sub(" ", plain)
        return not {stem for stem in terms(plain) if not stem.isdigit()} <= known


def _has_uncovered(text: str, pairs: set[str], patterns: Iterable[re.Pattern[str]]) -> bool:
    """A Chinese character of the text stands in none of the pairs, in no match of a pattern, and joins nothing."""
    open_places = {i for i, c in enumerate(text) if _CHINESE.match(c) and c not in _JOINING}
    for i in range(len(text) - 1):
        if text[i : i + 2] in pairs:
            open_places -= {i, i + 1}
    for pattern in (_CHINESE_QUANTITY, _CHINESE_MORE, *patterns):
        for match in pattern.finditer(text):
            open_places -= set(range(*match.span()))
    return bool(open_places)
