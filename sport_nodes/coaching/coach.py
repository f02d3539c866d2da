"""From a diagnosis to words: the template, or a language model's words after every claim was checked."""

from __future__ import annotations

from collections.abc import Callable

from sport_nodes.actions import LANGUAGES, load_action
from sport_nodes.coaching.coach_report import CoachReport
from sport_nodes.coaching.facts import Facts
from sport_nodes.coaching.template import compose
from sport_nodes.diagnosis.findings import Diagnosis
from sport_nodes.errors import InputError
from sport_nodes.keyframes.alignment import Alignment
from sport_nodes.scoring.scores import StageScores


def coach(
    *,
    action: str,
    diagnosis: Diagnosis,
    scores: StageScores,
    alignment: Alignment,
    language: str = "en",
    on_text: Callable[[str], None] | None = None,
) -> CoachReport:
    """Words for the teacher and the student.

    on_text is called with the text as it comes, sentence by sentence.
    Raises InputError for an unknown action or language.
    """
    if language not in LANGUAGES:
        raise InputError(f"there is no language '{language}'; the coach speaks {', '.join(LANGUAGES)}")
    facts = Facts(load_action(action), diagnosis, scores, alignment)
    template = compose(facts, language)
    if on_text is not None:
        on_text(template.text)
    return template
