"""A sport as data: what config/actions/<action>.yaml says about one movement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from sport_nodes.errors import InputError
from sport_nodes.paths import share_directory

LANGUAGES: Final = ("en", "zh")
#: The seven dimensions in which coaches describe technique.
DIMENSIONS: Final = (
    "head_and_eyes",
    "torso_and_core",
    "arms_and_elbows",
    "wrists_and_hands",
    "legs_and_knees",
    "feet_and_heels",
    "human_object_interaction",
)


class Text(str):
    """English text that knows its translations: a plain str to whoever does not ask."""

    translations: Mapping[str, str]

    def __new__(cls, english: str, translations: Mapping[str, str] | None = None) -> Text:
        text = super().__new__(cls, english)
        text.translations = dict(translations or {})
        return text

    def in_language(self, language: str) -> str:
        """The text in `language`, in English where there is no translation."""
        return self.translations.get(language, str(self))


@dataclass(frozen=True)
class Stage:
    """One of an action's stages, in order of time.

    begins_at: the keyframe it begins at, "" when none marks it. ends_at: the same for the end of the last stage.
    """

    name: str
    label: Text
    begins_at: str = ""
    ends_at: str = ""


@dataclass(frozen=True)
class EventSpec:
    """The physical event a keyframe stands for: where `quantity` (of one side, "" the mean of both) has its `at`.

    at: maximum, minimum, rises_through, falls_through or middle_above, the middle of the time that it is above, for a
    flat top (the last three: `threshold`, in the quantity's unit, or, as `fraction`, that share of the way from its
    least to its greatest value in the whole repetition).
    rate: the event is one of the quantity's rate of change.
    """

    quantity: str
    at: str
    side: str = ""
    rate: bool = False
    threshold: float | None = None
    fraction: float | None = None


@dataclass(frozen=True)
class KeyframeSpec:
    """A named instant of an action, and the event it stands for where there is one."""

    name: str
    label: Text
    event: EventSpec | None = None


@dataclass(frozen=True)
class MetricSpec:
    """One number read off a movement, and how far from the target's it may lie.

    kind: what sort of number, for people (METRIC_KINDS of action_file). quantity: name in sport_nodes.quantities.
    Read in one of three ways: `at` a keyframe; `over` one or more stages by `statistic` (maximum, minimum, mean,
    range, smoothness, duration, time_of_maximum, time_of_minimum and time_of_half (of the way from one extreme to the
    other) in seconds after `relative_to`, time_above: how long it is above `threshold`, launch: at the beginning of a
    flight, by the parabola of the centre of mass); or
    `between` two keyframes (the change of the quantity, or the duration in s when there is no quantity).
    rate: the quantity's change per second instead of itself.
    sides: mean (one finding of both), each (one finding a side), difference (left minus right), left or right (the
    other one in a left-hander's movement), or "" (midline).
    ideal: (low, high) that replaces the target model's value, None where the target model decides.
    tolerance: in `unit`, what style may differ. low_label, high_label: the words for too little and too much.
    """

    name: str
    label: Text
    kind: str
    quantity: str
    at: str
    over: tuple[str, ...]
    statistic: str
    relative_to: str
    threshold: float | None
    between: tuple[str, ...]
    rate: bool
    sides: str
    unit: str
    tolerance: float
    ideal: tuple[float, float] | None
    low_label: Text
    high_label: Text
    stage: str
    dimension: str
    joints: tuple[str, ...]
    source: str


@dataclass(frozen=True)
class EvidenceSpec:
    """An entry of the root-cause matrix: what `metric`, off to `direction` (low, high, either), counts for a cause."""

    metric: str
    direction: str
    weight: float


@dataclass(frozen=True)
class RootCauseSpec:
    """A technical fault, its evidence, and the words a coach has for it.

    order: 1 for what happens first in the movement; what comes early has effects on what comes later.
    reason: why it matters, in biomechanical terms. cue: under ten words. drill: what to practise.
    check: how the athlete notices that it is better.
    """

    name: str
    label: Text
    stage: str
    order: int
    dimension: str
    evidence: tuple[EvidenceSpec, ...]
    reason: Text
    cue: Text
    drill: Text
    check: Text
    source: str


@dataclass(frozen=True)
class DimensionSpec:
    """The technical keypoints of one of the seven dimensions, with their source."""

    name: str
    keypoints: tuple[Text, ...]
    source: str


@dataclass(frozen=True)
class SkillAttribute:
    """A skill that some of the metrics speak for."""

    name: str
    label: Text
    metrics: tuple[str, ...]


@dataclass(frozen=True)
class Action:
    """One movement. repeated: a trial holds several repetitions (sit-ups).

    channel_weights: weight of each quantity (of the alignment's features) in the alignment.
    maximum_distance: mean feature distance beyond which a recording is not this movement.
    """

    name: str
    label: Text
    repeated: bool
    stages: tuple[Stage, ...]
    keyframes: tuple[KeyframeSpec, ...]
    channel_weights: Mapping[str, float]
    maximum_distance: float
    metrics: tuple[MetricSpec, ...]
    root_causes: tuple[RootCauseSpec, ...]
    dimensions: Mapping[str, DimensionSpec]
    skill_attributes: tuple[SkillAttribute, ...]

    def metric(self, name: str) -> MetricSpec:
        """Raises KeyError when there is none of that name."""
        return {m.name: m for m in self.metrics}[name]

    def root_cause(self, name: str) -> RootCauseSpec:
        """Raises KeyError when there is none of that name."""
        return {c.name: c for c in self.root_causes}[name]


def action_names() -> tuple[str, ...]:
    """Every action that has a file in config/actions, sorted."""
    return tuple(sorted(p.stem for p in _directory().glob("*.yaml")))


@cache
def load_action(name: str) -> Action:
    """Read one action by name.

    Raises InputError when there is no such file or it does not describe an action.
    """
    from sport_nodes.action_file import read_action  # the reader builds this module's types

    path = _directory() / f"{name}.yaml"
    if not path.is_file():
        raise InputError(f"there is no action '{name}'; known are {', '.join(action_names())}")
    return read_action(path)


def _directory() -> Path:
    return share_directory() / "config" / "actions"
