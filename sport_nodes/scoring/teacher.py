"""What is known of a teacher's marking: marked trials, the standards learned from them, and how they have held."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from sport_nodes.errors import InputError
from sport_nodes.paths import data_directory
from sport_nodes.scoring.directions import Directions
from sport_nodes.scoring.familiarity import FEATURES, SPREAD_FACTOR, SPREAD_FLOOR, Familiarity
from sport_nodes.scoring.sidecar import SHORT_HASH
from sport_nodes.scoring.standard import Array, Example, Standard, learn, left_out_errors
from sport_nodes.scoring.teachers_prior import TeachersPrior
from sport_nodes.store import checked_name

#: Raised by one when a field changes its meaning.
FORMAT: Final = 1
_PARTS: Final = ("examples", "aside")
#: Marks are set aside that make the error on the other trials, left out, grow by more than this share.
LARGEST_GROWTH: Final = 0.05
#: The latest marks of a movement that a standard rests on: people change, and learning stays within a second.
MOST_MARKED: Final = 100
#: Over so many of the latest marks, each foretold before it was learned, a standard must do better than none.
WINDOW: Final = 10


@dataclass(eq=False)
class Marking:
    """One movement. aside: marks that were not learned from. foretold: (standard's, model's) error of each mark that
    came after the standard, the latest WINDOW of them. standard: None where there is none; why says the reason."""

    examples: list[Example] = field(default_factory=list)
    aside: list[Example] = field(default_factory=list)
    foretold: list[tuple[float, float]] = field(default_factory=list)
    standard: Standard | None = None
    why: str = ""


class Teacher:
    """One teacher's markings by movement, on top of one model. model: its file, "" for the shipped one. prior: of
    teachers, that the standards are learned with and the examples were foreseen by."""

    def __init__(
        self, name: str, *, model: str, model_sha256: str, familiarity: Familiarity, prior: TeachersPrior | None = None
    ) -> None:
        self.name = name
        self.model, self.model_sha256, self.prior = model, model_sha256, prior
        self.markings: dict[str, Marking] = {}
        self._familiarity = familiarity

    def standard(self, action: str) -> Standard | None:
        marking = self.markings.get(action)
        return marking.standard if marking else None

    @property
    def identity(self) -> str:
        """Name and short hash of all that is known of the teacher."""
        return f"{self.name} {hashlib.sha256(self._text().encode()).hexdigest()[:SHORT_HASH]}"

    def learn(self, action: str, examples: list[Example]) -> None:
        """Learn a movement's standard anew from these marks; `markings[action].why` says where there is none."""
        self.markings[action] = Marking(examples=list(examples))
        self._learn(action)

    def take(self, action: str, example: Example) -> str:
        """One more mark, as it comes; what became of it, in words. A trial that is marked again counts once.

        The mark is first foretold: where the standard has done worse than the model over the latest WINDOW marks it is
        rolled back, and learned anew from those alone. Where learning the mark makes the error on the others grow, the
        mark is set aside and the standard stays as it was.
        """
        marking = self.markings.setdefault(action, Marking())
        if marking.standard is not None and np.isfinite(example.model[0]):
            foretold = abs(_marks_by(marking.standard, example)[0] - example.marks[0])
            marking.foretold.append((float(foretold), float(abs(example.model[0] - example.marks[0]))))
            marking.foretold = marking.foretold[-WINDOW:]
        known = [e for e in (*marking.examples, *marking.aside) if e.trial != example.trial]
        mean = np.mean(marking.foretold, axis=0) if len(marking.foretold) == WINDOW else np.zeros(2)
        if mean[0] > mean[1]:
            self.learn(action, [*known, example][-WINDOW:])
            return (
                f"the standard was off by {mean[0]:.1f} points over the last {WINDOW} marks, the model alone by "
                f"{mean[1]:.1f}: it is rolled back and learned from those marks alone"
            )
        kept = [e for e in marking.examples if e.trial != example.trial]
        if marking.standard is not None and self._grows(action, kept, [*kept, example]):
            marking.examples = kept
            marking.aside = [*(e for e in marking.aside if e.trial != example.trial), example]
            return "stored, not learned from: it does not go with the other marks, on which the error would grow"
        marking.examples = [*kept, example]
        marking.aside = [e for e in marking.aside if e.trial != example.trial]
        self._learn(action)
        if marking.standard is None:
            return f"stored; no standard of its own yet: {marking.why}"
        return (
            f"learned: {marking.standard.marked} marks, off by {marking.standard.error:.1f} points on trials left out"
        )

    def _grows(self, action: str, before: list[Example], after: list[Example]) -> bool:
        mean, spread = self._scale(action, after)
        errors = [
            left_out_errors(e, mean=mean, spread=spread, directions=self._directions(action))[: len(before)].mean()
            for e in (before, after)
        ]
        return bool(errors[1] > (1.0 + LARGEST_GROWTH) * errors[0])

    def _learn(self, action: str) -> None:
        marking = self.markings[action]
        marking.examples = marking.examples[-MOST_MARKED:]
        try:
            mean, spread = self._scale(action, marking.examples)
            directions = self._directions(action)
            marking.standard = learn(marking.examples, mean=mean, spread=spread, directions=directions)
            marking.why = ""
        except InputError as error:
            marking.standard, marking.why = None, str(error)

    def _directions(self, action: str) -> Directions | None:
        return None if self.prior is None else self.prior.directions.get(action)

    def _scale(self, action: str, examples: list[Example]) -> tuple[Array, Array]:
        """Mean and spread of the features: the model's; of a movement that it does not know, the marked trials'."""
        if action in self._familiarity.mean:
            known, count = self._familiarity, len(FEATURES)
            return known.mean[action][:count], known.spread[action][:count]
        features = np.array([e.features for e in examples]).reshape(-1, len(FEATURES))
        known = np.isfinite(features).any(axis=0)
        mean, spread = np.zeros(len(FEATURES)), np.full(len(FEATURES), SPREAD_FLOOR)
        mean[known] = np.nanmean(features[:, known], axis=0)
        spread[known] += SPREAD_FACTOR * np.nanstd(features[:, known], axis=0)
        return mean, spread

    def _text(self) -> str:
        markings = {
            action: {
                "examples": [e.as_dict() for e in m.examples],
                "aside": [e.as_dict() for e in m.aside],
                "foretold": m.foretold,
            }
            for action, m in sorted(self.markings.items())
        }
        about = {"format": FORMAT, "teacher": self.name, "model": self.model, "model_sha256": self.model_sha256}
        if self.prior is not None:
            about["prior_sha256"] = self.prior.sha256
        return json.dumps({**about, "markings": markings}, indent=1, ensure_ascii=False) + "\n"

    def write(self, path: Path) -> None:
        """To a file, whole or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, self._text())


def _marks_by(standard: Standard, example: Example) -> Array:
    return standard.marks(example.features, example.model, example.foreseen)


def teachers_directory() -> Path:
    """Where teachers' markings are kept."""
    return data_directory() / "teachers"


def teacher_file(name: str) -> Path:
    """One teacher's; named by a digest where the name itself cannot be a file's."""
    try:
        stem = checked_name(name)
    except InputError:
        stem = hashlib.sha256(name.encode()).hexdigest()[:SHORT_HASH]
    return teachers_directory() / f"{stem}.json"


def read_model_of(path: Path) -> Path | None:
    """The model that a teacher's marking rests on, None for the shipped one. Raises InputError as read_teacher."""
    model = str(_read(path).get("model", ""))
    return Path(model) if model else None


def read_teacher(
    path: Path, *, model_sha256: str, familiarity: Familiarity, prior: TeachersPrior | None = None
) -> Teacher:
    """prior: the model's; a standard that was learned without one goes on without.

    Raises InputError when there is no such file, it is damaged, or it was learned with another model or prior.
    """
    data = _read(path)
    learned_with = str(data.get("prior_sha256", ""))
    try:
        teacher = Teacher(
            data["teacher"],
            model=data["model"],
            model_sha256=data["model_sha256"],
            familiarity=familiarity,
            prior=prior if learned_with else None,
        )
        for action, found in data["markings"].items():
            examples, aside = ([Example.from_dict(e) for e in found[part]] for part in _PARTS)
            foretold = [(float(a), float(b)) for a, b in found["foretold"]]
            teacher.markings[action] = Marking(examples, aside, foretold)
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} cannot be read ({error!r}); remove it and learn the standard again") from error
    if data.get("format") != FORMAT or teacher.model_sha256 != model_sha256:
        raise InputError(
            f"{path} was learned on model {teacher.model_sha256[:SHORT_HASH]}, in use is {model_sha256[:SHORT_HASH]}; "
            f"learn it again: `sport train --data DATASET --teacher {teacher.name}`"
        )
    in_use = "" if prior is None else prior.sha256
    if learned_with and learned_with != in_use:
        raise InputError(
            f"{path} was learned with the prior of teachers {learned_with[:SHORT_HASH]}, beside the model is "
            f"{in_use[:SHORT_HASH] or 'none'}; learn it again: `sport train --data DATASET --teacher {teacher.name}`"
        )
    for action in teacher.markings:
        teacher._learn(action)
    return teacher


def erase_from_teachers(folder: Path, athlete: str) -> int:
    """Take a person's marked trials out of every teacher's; how many those were."""
    removed = 0
    for path in sorted(folder.glob("*.json")):
        data = _read(path)
        before = removed
        for marking in data["markings"].values():
            for part in _PARTS:
                kept = [example for example in marking[part] if example["athlete"] != athlete]
                removed += len(marking[part]) - len(kept)
                marking[part] = kept
        if removed > before:
            _replace(path, json.dumps(data, indent=1, ensure_ascii=False) + "\n")
    return removed


def _read(path: Path) -> dict[str, Any]:
    try:
        data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(
            f"there is no standard at {path}; `sport train --data DATASET --teacher NAME` learns one"
        ) from error
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read ({error!r}); remove it and learn the standard again") from error
    return data


def _replace(path: Path, text: str) -> None:
    """Whole or not at all."""
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(path)
