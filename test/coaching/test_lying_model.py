"""A model that mixes truth and lies, over HTTP; at the scale of the issue: scripts/coach_study.py."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from lying import lying_model

TRIALS = 16
LEAST_TRUE_KEPT = 0.95


@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_lie_gets_out_over_http(trial, language):
    """The rates are of sentences whose text stayed the model's; a text replaced as a whole lets nothing out."""
    figures = lying_model(trial, trials=TRIALS, language=language)
    assert figures.leaked == set()
    assert figures.sent.total() == 3 * TRIALS
    assert figures.replaced < TRIALS / 4
    assert figures.kept >= LEAST_TRUE_KEPT * figures.told, figures.struck
