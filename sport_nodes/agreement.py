"""Whether raters agree: the intraclass correlation of one rater's marks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sport_nodes.errors import InputError
from sport_nodes.labels import STAGE_COUNT, Label, latest_of_each_rater


@dataclass(frozen=True)
class Agreement:
    """icc: ICC(2,1) of the total; stage_icc: of each stage, over the trials whose stages all marked, NaN for fewer
    than two. trials: those that every one of the raters marked."""

    icc: float
    stage_icc: tuple[float, ...]
    raters: tuple[str, ...]
    trials: int


def icc_2_1(marks: NDArray[np.float64]) -> float:
    """ICC(2,1), absolute agreement of single raters drawn at random, of (trials, raters) marks; NaN without spread.

    Shrout & Fleiss 1979, Psychological Bulletin 86(2), 420-428: two-way random effects. Raises InputError for fewer
    than two trials or raters.
    """
    trials, raters = marks.shape
    if trials < 2 or raters < 2:
        raise InputError(f"agreement needs two raters and two trials that both marked, found {raters} and {trials}")
    mean = marks.mean()
    of_trials, of_raters = marks.mean(axis=1), marks.mean(axis=0)
    between_trials = raters * float(((of_trials - mean) ** 2).sum()) / (trials - 1)
    between_raters = trials * float(((of_raters - mean) ** 2).sum()) / (raters - 1)
    rest = marks - of_trials[:, None] - of_raters[None, :] + mean
    residual = float((rest**2).sum()) / ((trials - 1) * (raters - 1))
    spread = between_trials + (raters - 1) * residual + raters * (between_raters - residual) / trials
    return (between_trials - residual) / spread if spread > 0.0 else float("nan")


def agreement(labels: Mapping[str, Sequence[Label]]) -> Agreement:
    """Over the trials that every rater marked, by each rater's last marks.

    Raises InputError when fewer than two raters share two trials.
    """
    by_trial = {trial: latest_of_each_rater(found) for trial, found in labels.items()}
    raters = tuple(sorted({label.rater for found in by_trial.values() for label in found}))
    whole = [found for found in by_trial.values() if len(found) == len(raters)]
    if len(whole) < 2 or len(raters) < 2:
        names = ", ".join(raters) or "nobody"
        raise InputError(
            f"agreement needs two raters and two trials that both marked; {names} share {len(whole)} trials"
        )
    totals = np.array([[label.total for label in found] for found in whole])
    staged = np.array([[label.stages for label in found] for found in whole if all(label.stages for label in found)])
    of_stages = [icc_2_1(staged[:, :, k]) if len(staged) > 1 else float("nan") for k in range(STAGE_COUNT)]
    return Agreement(icc_2_1(totals), tuple(of_stages), raters, len(whole))
