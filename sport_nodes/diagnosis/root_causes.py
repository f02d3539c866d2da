"""From deviations to the faults that explain them: KISMAM's weighted matrix, solved for several faults at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from sport_nodes.actions import Action, RootCauseSpec
from sport_nodes.diagnosis.findings import DEVIATES, NOT_ASSESSED, Finding, RootCause

Array = NDArray[np.float64]

# A deviation of more tolerances than this says no more than one of this many.
_MOST_TOLERANCES: Final = 3.0
# A cause whose share of the explanation is below this is not named.
_LEAST_WEIGHT: Final = 0.2
# Nor one whose whole pattern, not only a metric of it, is shorter than this many units of what counts as a deviation.
_LEAST_LENGTH: Final = 0.8
# Causes whose weights differ by less than this are put in their order of effect: what comes first causes the rest.
_TIE: Final = 0.1


def root_causes(action: Action, findings: Sequence[Finding]) -> tuple[RootCause, ...]:
    """The faults that together explain the deviations best, from the strongest.

    Deviations are explained as a non-negative mixture of the causes' patterns of evidence (least
    squares), so that a deviation which one fault explains does not call for another. weight: length of a cause's part
    in the mixture over the length of all deviations.
    """
    observed, units = _observed(findings)
    deviating = {finding.metric for finding in findings if finding.verdict == DEVIATES}
    candidates = [cause for cause in action.root_causes if _supported(cause, observed, deviating)]
    if not deviating or not candidates:
        return ()
    target = np.array(list(observed.values()))
    patterns = np.stack([_pattern(cause, observed, units) for cause in candidates], axis=1)
    shares, _ = nnls(patterns, target)
    weights = np.minimum(shares / np.linalg.norm(target), 1.0)
    clear = (weights >= _LEAST_WEIGHT) & (shares >= _LEAST_LENGTH)
    named = [(weights[k], candidates[k]) for k in np.flatnonzero(clear)]
    named.sort(key=lambda entry: (-round(float(entry[0]) / _TIE), entry[1].order))
    return tuple(
        RootCause(
            name=cause.name,
            label=cause.label,
            weight=float(weight),
            metrics=tuple(e.metric for e in cause.evidence if e.metric in deviating),
            reason=cause.reason,
            stage=cause.stage,
        )
        for weight, cause in named
    )


def _observed(findings: Sequence[Finding]) -> tuple[dict[str, float], dict[str, float]]:
    """Signed deviation of each metric in its unit of what counts, the greater of two sides; and tolerances per unit.

    The unit is the greater of tolerance and MDC95: a metric that the sensors hardly tell speaks softly, in the
    deviations as in the patterns. A deviation of less is no fault, but tells apart faults that share what deviates.
    """
    observed: dict[str, float] = {}
    units: dict[str, float] = {}
    for finding in findings:
        if finding.verdict == NOT_ASSESSED:
            continue
        unit = finding.tolerance / max(finding.tolerance, finding.mdc95)
        value = unit * float(np.clip(finding.deviation / finding.tolerance, -_MOST_TOLERANCES, _MOST_TOLERANCES))
        if abs(value) >= abs(observed.get(finding.metric, 0.0)):
            observed[finding.metric], units[finding.metric] = value, unit
    return observed, units


def _supported(cause: RootCauseSpec, observed: dict[str, float], deviating: set[str]) -> bool:
    """At least one of its metrics deviates in its direction."""
    return any(e.metric in deviating and _signed(e.direction, observed[e.metric]) > 0 for e in cause.evidence)


def _signed(direction: str, value: float) -> float:
    return abs(value) if direction == "either" else value * (1.0 if direction == "high" else -1.0)


def _pattern(cause: RootCauseSpec, observed: dict[str, float], units: dict[str, float]) -> Array:
    """Unit vector of the deviations that the cause brings about, over the metrics assessed."""
    evidence = {e.metric: e for e in cause.evidence}
    pattern = np.zeros(len(observed))
    for row, (metric, value) in enumerate(observed.items()):
        if metric in evidence:
            either = evidence[metric].direction == "either"
            low = value < 0 if either else evidence[metric].direction == "low"
            pattern[row] = (-1.0 if low else 1.0) * evidence[metric].weight * units[metric]
    return pattern / np.linalg.norm(pattern)
