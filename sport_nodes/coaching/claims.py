"""What a clause claims: parts, sides, stages, directions, numbers, praise or fault."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from sport_nodes.coaching.lexicon import LESS, OPPOSITE, Lexicon, lexicon

PRAISE: Final = "praise"
FAULT: Final = "fault"
POINTS: Final = "points"

#: Units as people write them, with those of the findings (and points of a score) that they can stand for.
_UNIT_WORDS: Final = (
    (r"°\s*/\s*s|deg\w*\s*/\s*s|degrees? (?:per|a) second|°/秒|度每秒", ("deg/s",)),
    (r"°|deg(?:rees?)?\b|度", ("deg",)),
    (r"%|per ?cent|身高", ("% height", "%")),
    (r"m/s|metres? per second|米/秒|米每秒", ("m/s",)),
    (r"s\b|sec(?:onds?)?\b|秒", ("s",)),
    (r"(?:of 100 )?(?:points?|marks?)\b|分(?!钟)", (POINTS,)),
    (r"(?:cm|mm|m|kg|n|w|hz|bpm|km)\b|centimet\w*|millimet\w*|met(?:re|er)s?\b|newtons?|厘米|毫米|公斤|米", ("m",)),
)
_NUMBER: Final = re.compile(r"(?<![A-Za-z0-9_.])(?P<sign>[-−+±]?)\s?(?P<digits>\d+(?:\.\d+)?)")
_ROLES: Final = (
    (r"(?:tolerance(?: is| of)?|±|容差为?)\s*$", "tolerance"),
    (r"(?:error(?: is| of)?|误差为?)\s*$", "error"),
    (r"(?:\bby|\boff|difference of|deviation of|相差|偏差)\s*(?:about )?$", "deviation"),
    (r"(?:\bat|\bafter)\s*(?:about )?$", "time"),
    (r"(?:instead of|against|而不是)\s*$", "target"),
    # Whatever words stand between, but no other number.
    (r"(?:target|目标)[^0-9]*$", "target"),
)
_NUMBER_WORDS: Final = {
    word: str(value)
    for value, word in enumerate(
        ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
    )
} | {"fifteen": "15", "twenty": "20", "thirty": "30", "forty": "40", "fifty": "50", "sixty": "60", "ninety": "90"}
_SPELT: Final = re.compile(
    rf"\b({'|'.join(_NUMBER_WORDS)})(?=[\s-](?:degrees?|per ?cent|points|seconds?|cent|met))", re.IGNORECASE
)
# "right" and "left" are sides before a noun of the body or after "your"/"the"; not in "right after", "left the floor".
_ENGLISH_SIDE: Final = re.compile(
    r"\b(left|right)(?=[ -](?:\w+ed )?(?:knee|hip|elbow|wrist|ankle|shoulder|arm|forearm|hand|leg|foot|heel|toe|side|"
    r"eye|ear|thigh|shin|one)s?\b)|(?<=\byour )(left|right)\b|(?<=\bthe )(left|right)\b|(?<=\bthan )(left|right)\b|"
    r"\b(left|right)(?= (?:and|or|minus) (?:left|right))",
    re.IGNORECASE,
)
_CHINESE_SIDE: Final = re.compile("(左|右)")
#: Begins an order whatever verb follows: "let the arms stay low".
_LETS: Final = re.compile(r"\W*(?:let|get|make|have|allow|leave)\b|请|让")
_SIDES: Final = {"左": "left", "右": "right"}


@dataclass(frozen=True)
class Number:
    """A number as written.

    half_step: half a unit of its last digit; units: those it can be in, () for any; role: what it is the number of,
    by the words before it: "target", "tolerance", "error", "deviation", "time", or "value" where they say nothing.
    """

    value: float
    half_step: float
    units: tuple[str, ...]
    role: str = "value"
    negative: bool = False

    def repeats(self, other: Number) -> bool:
        """The same number of the same kind; a unit may be left out, not exchanged."""
        same = self.value == other.value and self.role == other.role
        return same and (not self.units or self.units == other.units)


@dataclass(frozen=True)
class Clause:
    """The claims of one clause. sides keep their order; phrases are the labels of stages and keyframes it names."""

    text: str
    parts: frozenset[str]
    subjects: frozenset[str]
    directions: frozenset[str]
    direction_words: frozenset[str]
    sides: tuple[str, ...]
    phrases: frozenset[str]
    numbers: tuple[Number, ...]
    polarity: str
    of_score: bool
    unmeasured: frozenset[str]

    @property
    def count(self) -> int:
        """How many claims it makes."""
        sets = (
            self.parts,
            self.subjects,
            self.directions,
            set(self.sides),
            self.phrases,
            self.numbers,
            self.unmeasured,
        )
        return sum(map(len, sets)) + bool(self.polarity) + self.of_score

    @property
    def has_subject(self) -> bool:
        return bool(self.parts or self.subjects or self.phrases or self.of_score)

    @property
    def says_something(self) -> bool:
        """It praises, faults, gives a direction, a side or a number, and so must be true."""
        return bool(self.polarity or self.directions or self.numbers or self.sides or self.unmeasured)

    def about(self, earlier: Clause) -> Clause:
        """The same claims about the subject of an earlier clause of the sentence."""
        return replace(
            self,
            parts=earlier.parts,
            subjects=earlier.subjects,
            phrases=self.phrases | earlier.phrases,
            sides=self.sides or earlier.sides,
            of_score=earlier.of_score,
        )


def clauses_of(sentence: str, *, language: str, labels: Iterable[str]) -> list[Clause]:
    """A sentence's clauses. labels: of stages and keyframes, as the language writes them."""
    words = lexicon(language)
    spelt_out = _SPELT.sub(lambda match: _NUMBER_WORDS[match.group(1).lower()], sentence)
    return [
        clause_of(piece, words, language=language, labels=labels) for piece in words.clauses.split(spelt_out) if piece
    ]


def clause_of(text: str, words: Lexicon, *, language: str, labels: Iterable[str]) -> Clause:
    """The claims of one clause."""
    plain = text.lower().replace("not enough", "insufficient").replace("\u2019", "'")
    phrases = phrases_of(plain, labels)
    # "Follow through" as the name of a stage is not a claim about the follow-through.
    unnamed = without_phrases(plain, phrases)
    directions = found_directions(plain, words)
    fault, praise = bool(words.fault.search(plain)), bool(words.praise.search(plain))
    is_advice = bool(directions) and asks(plain, words) and not praise
    if is_advice:
        directions = frozenset(OPPOSITE[d] for d in directions)
    if words.negation.search(plain):
        # "Not good" faults, "not too deep" praises.
        fault, praise = praise, fault and not praise
    # Of "the left knee less than the right" the claim is about the left.
    sides = sides_of(plain, language)
    polarity = FAULT if fault or is_advice else PRAISE if praise else FAULT if directions else ""
    return Clause(
        text=text,
        parts=frozenset(name for name, pattern in words.parts.items() if pattern.search(unnamed)),
        subjects=frozenset(name for name, pattern in words.subjects.items() if pattern.search(unnamed)),
        directions=frozenset() if polarity == PRAISE else directions,
        direction_words=direction_words(plain, words),
        sides=sides[:1] if words.comparison.search(plain) else sides,
        phrases=phrases,
        numbers=numbers_of(plain),
        polarity=polarity,
        of_score=bool(words.score.search(plain)),
        unmeasured=frozenset(match.group() for match in words.unmeasured.finditer(plain)),
    )


def asks(plain: str, words: Lexicon) -> bool:
    """It asks for something, and does not tell that something is so."""
    return bool(words.advice.search(plain)) and (bool(_LETS.match(plain)) or not words.statement.search(plain))


def found_directions(plain: str, words: Lexicon) -> frozenset[str]:
    """The directions that a text states; turned round by "not ... enough"."""
    found = frozenset(name for name, pattern in words.directions.items() if pattern.search(plain))
    if found - {LESS} and "enough" in plain and words.negation.search(plain):
        return frozenset(OPPOSITE[d] for d in found)
    return found


def direction_words(plain: str, words: Lexicon) -> frozenset[str]:
    """The words themselves by which a text states its directions."""
    return frozenset(match.group() for pattern in words.directions.values() for match in pattern.finditer(plain))


def sides_of(text: str, language: str) -> tuple[str, ...]:
    """The sides that a text names, in its order."""
    if language == "zh":
        return tuple(_SIDES[match.group()] for match in _CHINESE_SIDE.finditer(text))
    return tuple(match.group().lower() for match in _ENGLISH_SIDE.finditer(text))


def phrases_of(text: str, labels: Iterable[str]) -> frozenset[str]:
    """Those of the labels that a text names, with hyphen, space or nothing between their words."""
    flat = re.sub(r"[\s-]+", "", text.lower())
    return frozenset(label for label in labels if re.sub(r"[\s-]+", "", label.lower()) in flat)


def without_phrases(text: str, phrases: Iterable[str]) -> str:
    """A text without the labels that it names."""
    for phrase in sorted(phrases, key=len, reverse=True):
        words = [re.escape(word) for word in re.split(r"[\s-]+", phrase)]
        text = re.sub(r"[\s-]*".join(words), " ", text, flags=re.IGNORECASE)
    return text


def numbers_of(text: str) -> tuple[Number, ...]:
    """The numbers of a text, without their sign."""
    numbers = []
    for match in _NUMBER.finditer(text):
        digits = match["digits"]
        decimals = len(digits.partition(".")[2])
        before, following = text[: match.start()].lower(), text[match.end() :].lstrip()
        units = next((units for pattern, units in _UNIT_WORDS if re.match(pattern, following, re.IGNORECASE)), ())
        role = next((role for pattern, role in _ROLES if re.search(pattern, before)), "value")
        if match["sign"] == "±":
            role = "tolerance"
        elif role == "time" and units != ("s",):
            role = "value"
        half_step = 0.5 * 10.0**-decimals
        numbers.append(Number(float(digits), half_step, units, role, negative=match["sign"] in ("-", "−")))
    return tuple(numbers)
