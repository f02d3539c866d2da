"""A teacher's standards from the marked trials of a data set."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sport_nodes.errors import InputError
from sport_nodes.scoring.marking import five_marks
from sport_nodes.scoring.personal import example_of
from sport_nodes.scoring.scorer import Scorer
from sport_nodes.scoring.standard import Example
from sport_nodes.scoring.teacher import Teacher, teacher_file
from sport_nodes.scoring.teachers_prior import read_prior
from sport_nodes.training.dataset_rows import motion_of_row


def learn_teacher(rows: Iterable[dict[str, Any]], name: str, *, model: Path | None = None) -> Teacher:
    """The teacher's standards from all trials of a data set that they marked; stored, in place of what was there.

    Raises InputError when they marked none, or too few to learn any standard from.
    """
    scorer, prior = Scorer.load(model), read_prior(model)
    examples: dict[str, list[Example]] = defaultdict(list)
    for row in rows:
        if name not in row["raters"]:
            continue
        rater = row["raters"].index(name)
        example = example_of(
            scorer,
            motion_of_row(row),
            row["action"],
            trial=row["trial"],
            athlete=row["athlete"],
            marks=five_marks(row["totals"][rater], row["stages"][rater]),
            prior=prior,
        )
        if example is not None:
            examples[row["action"]].append(example)
    if not examples:
        raise InputError(f"'{name}' marked no trial of this data set that can be scored; see its README.md for raters")
    path = str(model.resolve()) if model else ""
    teacher = Teacher(name, model=path, model_sha256=scorer.sha256, familiarity=scorer.familiarity, prior=prior)
    for action in sorted(examples):
        teacher.learn(action, examples[action])
    if all(marking.standard is None for marking in teacher.markings.values()):
        raise InputError("; ".join(f"{action}: {m.why}" for action, m in teacher.markings.items()))
    teacher.write(teacher_file(name))
    return teacher
