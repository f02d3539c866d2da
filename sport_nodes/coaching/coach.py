"""From a diagnosis to words: the template, or a language model's words after every claim was checked."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sport_nodes.actions import LANGUAGES, load_action
from sport_nodes.coaching.coach_report import CoachReport
from sport_nodes.coaching.dialogue import rephrase
from sport_nodes.coaching.facts import Facts, Finder, find_shipped
from sport_nodes.coaching.language_model import LanguageModel
from sport_nodes.coaching.template import compose
from sport_nodes.diagnosis.findings import Diagnosis
from sport_nodes.diagnosis.progress import Change
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
    model: LanguageModel | None = None,
    knowledge: Finder = find_shipped,
    changes: Sequence[Change] = (),
    on_text: Callable[[str], None] | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> CoachReport:
    """Words for the teacher and the student, from the template alone where there is no model.

    knowledge: where the drills are looked for; `hybrid.finder` adds what a lab added.
    changes: since the athlete's earlier trials.
    on_text is called with the text as it comes; of a model's text, only with sentences that were checked. Once
    cancelled says so, the model is asked no more and the template speaks.
    Raises InputError for an unknown action or language, and for a model on another machine that was not allowed.
    """
    if language not in LANGUAGES:
        raise InputError(f"there is no language '{language}'; the coach speaks {', '.join(LANGUAGES)}")
    facts = Facts(load_action(action), diagnosis, scores, alignment, knowledge, tuple(changes))
    template = compose(facts, language)
    if model is not None:
        return rephrase(facts, template, model, on_text, cancelled=cancelled)
    if on_text is not None:
        on_text(template.text)
    return template
