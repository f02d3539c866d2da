"""Reads and checks an action's YAML: one clear line for each mistake a person can make in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from sport_nodes.actions import (
    DIMENSIONS,
    LANGUAGES,
    Action,
    DimensionSpec,
    EventSpec,
    EvidenceSpec,
    KeyframeSpec,
    MetricSpec,
    RootCauseSpec,
    SkillAttribute,
    Stage,
    Text,
)
from sport_nodes.errors import InputError
from sport_nodes.quantities import QUANTITIES
from sport_nodes.skeleton import JOINTS

METRIC_KINDS: Final = (
    "joint_angle",
    "segment_inclination",
    "distance",
    "velocity",
    "timing",
    "left_right_difference",
    "range_of_motion",
    "smoothness",
    "centre_of_mass",
    "jump",
    "release",
)
STATISTICS: Final = (
    "maximum",
    "minimum",
    "mean",
    "range",
    "smoothness",
    "duration",
    "time_of_maximum",
    "time_of_minimum",
    "time_of_half",
    "time_above",
    "launch",
)
# What `launch` reads off a flight: the angle of the path at its beginning, and the rise from there.
LAUNCH_QUANTITIES: Final = ("com_path_angle", "com_height")
EVENT_KINDS: Final = ("maximum", "minimum", "rises_through", "falls_through", "middle_above")
# Twice the spread that good executions show against themselves: above it a recording is something else.
DEFAULT_MAXIMUM_DISTANCE: Final = 1.0
# Quantities that the alignment compares (see keyframes.features), and what each weighs when nothing is said.
ALIGNMENT_QUANTITIES: Final = (
    "knee_flexion",
    "hip_flexion",
    "elbow_flexion",
    "shoulder_elevation",
    "upper_arm_forward",
    "trunk_inclination",
    "forearm_elevation",
)


def read_action(path: Path) -> Action:
    """Read one action's file.

    Raises InputError, naming the file and the entry, at the first mistake.
    """
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"{path.name} is not readable YAML: {' '.join(str(error).split())}") from error
    return _Reader(path.name).action(data)


class _Reader:
    """Turns the file's dictionaries into an Action; every complaint names the file and where in it."""

    def __init__(self, file: str) -> None:
        self.file = file

    def action(self, data: Any) -> Action:
        top = self.mapping(data, "the file")
        self.sources = self.mapping(top.get("sources", {}), "sources")
        stages = tuple(self.stage(s) for s in self.items(top, "stages", "the file"))
        keyframes = tuple(self.keyframe(k) for k in self.items(top, "keyframes", "the file"))
        self.stage_names = tuple(s.name for s in stages)
        self.keyframe_names = tuple(k.name for k in keyframes)
        for stage in stages:
            for keyframe in filter(None, (stage.begins_at, stage.ends_at)):
                self.known(keyframe, self.keyframe_names, "keyframe", f"stage '{stage.name}'")
        metrics = tuple(self.metric(m) for m in top.get("metrics", ()))
        self.metric_names = tuple(m.name for m in metrics)
        self.unique(self.metric_names, "metric")
        causes = tuple(self.root_cause(c) for c in top.get("root_causes", ()))
        self.unique([c.name for c in causes], "root cause")
        alignment = self.mapping(top.get("alignment", {}), "alignment")
        weights = self.mapping(alignment.get("weights", {}), "alignment weights")
        for name in weights:
            self.known(name, ALIGNMENT_QUANTITIES, "quantity", "alignment weights")
        return Action(
            name=self.word(top, "action", "the file"),
            label=self.text(top, "label", "the file"),
            repeated=bool(top.get("repeated", False)),
            stages=stages,
            keyframes=keyframes,
            channel_weights={q: self.number(weights.get(q, 1.0), f"weight of {q}") for q in ALIGNMENT_QUANTITIES},
            maximum_distance=self.number(
                alignment.get("maximum_distance", DEFAULT_MAXIMUM_DISTANCE), "alignment maximum_distance"
            ),
            metrics=metrics,
            root_causes=causes,
            dimensions=self.dimensions(top.get("dimensions", {})),
            skill_attributes=tuple(self.skill(s) for s in top.get("skill_attributes", ())),
        )

    def stage(self, data: Any) -> Stage:
        name = self.word(data, "name", "a stage")
        return Stage(
            name,
            self.text(data, "label", f"stage '{name}'"),
            str(data.get("begins_at", "")),
            str(data.get("ends_at", "")),
        )

    def keyframe(self, data: Any) -> KeyframeSpec:
        name = self.word(data, "name", "a keyframe")
        where = f"keyframe '{name}'"
        event = None
        if "event" in data:
            raw = self.mapping(data["event"], where)
            kind = self.word(raw, "at", where)
            self.known(self.word(raw, "quantity", where), QUANTITIES, "quantity", where)
            self.known(kind, EVENT_KINDS, "kind of event", where)
            sides = ("", "left", "right") if QUANTITIES[raw["quantity"]].sided else ("",)
            self.known(str(raw.get("side", "")), sides, "side", where)
            if kind not in ("maximum", "minimum") and ("threshold" in raw) == ("fraction" in raw):
                raise self.mistake(where, f"'{kind}' needs either a 'threshold' or a 'fraction'")
            event = EventSpec(
                quantity=raw["quantity"],
                at=kind,
                side=str(raw.get("side", "")),
                rate=bool(raw.get("rate", False)),
                threshold=self.optional_number(raw, "threshold", where),
                fraction=self.optional_number(raw, "fraction", where),
            )
        return KeyframeSpec(name, self.text(data, "label", where), event)

    def metric(self, data: Any) -> MetricSpec:
        name = self.word(data, "name", "a metric")
        where = f"metric '{name}'"
        self.known(self.word(data, "kind", where), METRIC_KINDS, "kind of metric", where)
        quantity = str(data.get("quantity", ""))
        if quantity:
            self.known(quantity, QUANTITIES, "quantity", where)
        at, over, between = str(data.get("at", "")), tuple(data.get("over", ())), tuple(data.get("between", ()))
        if sum(map(bool, (at, over, between))) != 1:
            raise self.mistake(where, "is read 'at' a keyframe, 'over' stages or 'between' two keyframes: give one")
        statistic, relative_to = str(data.get("statistic", "")), str(data.get("relative_to", ""))
        if not quantity and not between and statistic != "duration":
            raise self.mistake(where, "has no 'quantity'")
        if over:
            self.known(statistic, STATISTICS, "statistic", where)
        if between and len(between) != 2:
            raise self.mistake(where, f"'between' needs two keyframes, found {len(between)}")
        if statistic.startswith("time_of") and not relative_to:
            raise self.mistake(where, f"'{statistic}' needs 'relative_to', a keyframe")
        if statistic == "launch":
            self.known(quantity, LAUNCH_QUANTITIES, "quantity", where)
        if statistic == "time_above" and "threshold" not in data:
            raise self.mistake(where, f"'{statistic}' needs a 'threshold'")
        for keyframe in filter(None, (at, relative_to, *between)):
            self.known(keyframe, self.keyframe_names, "keyframe", where)
        stage = str(data.get("stage", over[0] if over else ""))
        for one in (stage, *over):
            self.known(one, self.stage_names, "stage", where)
        sided = bool(quantity) and QUANTITIES[quantity].sided
        sides = str(data.get("sides", "mean" if sided else ""))
        self.known(sides, ("mean", "each", "difference", "left", "right") if sided else ("",), "sides", where)
        joints = tuple(data.get("joints", QUANTITIES[quantity].joints_of("") if quantity else ()))
        for joint in joints:
            self.known(joint, JOINTS, "joint", where)
        return MetricSpec(
            name=name,
            label=self.text(data, "label", where),
            kind=data["kind"],
            quantity=quantity,
            at=at,
            over=over,
            statistic=statistic,
            relative_to=relative_to,
            threshold=self.optional_number(data, "threshold", where),
            between=between,
            rate=bool(data.get("rate", False)),
            sides=sides,
            unit=self.unit(quantity, statistic, rate=bool(data.get("rate", False))),
            tolerance=self.positive(data, "tolerance", where),
            ideal=self.ideal(data, where),
            low_label=self.text(data, "low_label", where),
            high_label=self.text(data, "high_label", where),
            stage=stage,
            dimension=self.dimension(data, where),
            joints=joints,
            source=self.source(data, where),
        )

    @staticmethod
    def unit(quantity: str, statistic: str, *, rate: bool) -> str:
        if not quantity or statistic.startswith("time_"):
            return "s"
        if statistic == "smoothness":
            return "log"
        return QUANTITIES[quantity].unit + ("/s" if rate else "")

    def ideal(self, data: Mapping[str, Any], where: str) -> tuple[float, float] | None:
        if "ideal" not in data:
            return None
        raw = data["ideal"]
        low, high = raw if isinstance(raw, list) and len(raw) == 2 else (raw, raw)
        low, high = self.number(low, f"ideal of {where}"), self.number(high, f"ideal of {where}")
        if low > high:
            raise self.mistake(where, f"the ideal range runs from {low} down to {high}")
        return low, high

    def root_cause(self, data: Any) -> RootCauseSpec:
        name = self.word(data, "name", "a root cause")
        where = f"root cause '{name}'"
        stage = self.word(data, "stage", where)
        self.known(stage, self.stage_names, "stage", where)
        return RootCauseSpec(
            name=name,
            label=self.text(data, "label", where),
            stage=stage,
            order=int(self.number(data.get("order"), f"order of {where}")),
            dimension=self.dimension(data, where),
            evidence=tuple(self.evidence(e, where) for e in self.items(data, "evidence", where)),
            reason=self.text(data, "reason", where),
            cue=self.text(data, "cue", where),
            drill=self.text(data, "drill", where),
            check=self.text(data, "check", where),
            source=self.source(data, where),
        )

    def evidence(self, data: Any, where: str) -> EvidenceSpec:
        metric = self.word(data, "metric", f"the evidence of {where}")
        self.known(metric, self.metric_names, "metric", where)
        direction = self.word(data, "direction", where)
        self.known(direction, ("low", "high", "either"), "direction", where)
        return EvidenceSpec(metric, direction, self.positive(data, "weight", where))

    def dimensions(self, data: Any) -> dict[str, DimensionSpec]:
        dimensions = {}
        for name, entry in self.mapping(data, "dimensions").items():
            where = f"dimension '{name}'"
            self.known(name, DIMENSIONS, "dimension", "dimensions")
            points = tuple(self.text({"keypoint": p}, "keypoint", where) for p in self.items(entry, "keypoints", where))
            dimensions[name] = DimensionSpec(name, points, self.source(entry, where))
        return dimensions

    def skill(self, data: Any) -> SkillAttribute:
        name = self.word(data, "name", "a skill attribute")
        where = f"skill attribute '{name}'"
        metrics = tuple(self.items(data, "metrics", where))
        for metric in metrics:
            self.known(metric, self.metric_names, "metric", where)
        return SkillAttribute(name, self.text(data, "label", where), metrics)

    def dimension(self, data: Mapping[str, Any], where: str) -> str:
        name = self.word(data, "dimension", where)
        self.known(name, DIMENSIONS, "dimension", where)
        return name

    def source(self, data: Mapping[str, Any], where: str) -> str:
        """The full reference; entries name it by its key in `sources`."""
        key = self.word(data, "source", where)
        self.known(key, self.sources, "source", where)
        return self.word(self.sources, key, "sources")

    def text(self, data: Mapping[str, Any], key: str, where: str) -> Text:
        """A plain string, or {en: ..., zh: ...}."""
        raw = data.get(key)
        if isinstance(raw, str) and raw:
            return Text(raw)
        if not isinstance(raw, dict) or not raw.get("en"):
            raise self.mistake(where, f"'{key}' must be a text or {{en: text, zh: text}}")
        for language in raw:
            self.known(language, LANGUAGES, "language", where)
        return Text(raw["en"], raw)

    def word(self, data: Any, key: str, where: str) -> str:
        value = self.mapping(data, where).get(key)
        if not isinstance(value, str) or not value:
            raise self.mistake(where, f"'{key}' is missing")
        return value

    def items(self, data: Mapping[str, Any], key: str, where: str) -> list[Any]:
        value = self.mapping(data, where).get(key)
        if not isinstance(value, list) or not value:
            raise self.mistake(where, f"'{key}' must be a list with at least one entry")
        return value

    def mapping(self, data: Any, where: str) -> Mapping[str, Any]:
        if not isinstance(data, dict):
            raise self.mistake(where, f"expected names with values, found {data!r}")
        return data

    def positive(self, data: Mapping[str, Any], key: str, where: str) -> float:
        if key not in data:
            raise self.mistake(where, f"'{key}' is missing")
        value = self.number(data[key], f"{key} of {where}")
        if value <= 0:
            raise self.mistake(where, f"'{key}' must be above 0, found {value}")
        return value

    def number(self, value: Any, where: str) -> float:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self.mistake(where, f"expected a number, found {value!r}")
        return float(value)

    def optional_number(self, data: Mapping[str, Any], key: str, where: str) -> float | None:
        return self.number(data[key], f"{key} of {where}") if key in data else None

    def known(self, value: str, names: Iterable[str], what: str, where: str) -> None:
        if value not in names:
            raise self.mistake(where, f"unknown {what} '{value}'; known are {', '.join(filter(None, names)) or 'none'}")

    def unique(self, names: Iterable[str], what: str) -> None:
        seen: set[str] = set()
        for name in names:
            if name in seen:
                raise self.mistake(f"{what} '{name}'", "appears twice; rename one")
            seen.add(name)

    def mistake(self, where: str, what: str) -> InputError:
        return InputError(f"{self.file}: {where}: {what}")
