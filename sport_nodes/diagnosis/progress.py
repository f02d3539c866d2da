"""What has changed since an athlete's own earlier trials, by more than the measurement can be off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from sport_nodes.diagnosis.findings import Diagnosis, Finding
from sport_nodes.errors import InputError

UNCHANGED: Final = "unchanged"
BETTER: Final = "better"
WORSE: Final = "worse"
CHANGED: Final = "changed"


@dataclass(frozen=True)
class Change:
    """One metric now and before, in `unit`.

    before: median of the earlier trials that show it, `trials` of them. mdc95: of differences between trials, the
    greater of now's and their median.
    verdict: unchanged where the change is within MDC95; else better or worse where it is nearer to or further from
    the target by more than MDC95, and changed where it passed to the target's other side.
    """

    metric: str
    label: str
    side: str
    unit: str
    before: float
    now: float
    change: float
    mdc95: float
    trials: int
    verdict: str


def progress(earlier: Sequence[Diagnosis], now: Diagnosis) -> tuple[Change, ...]:
    """Changes of every metric that now and at least one earlier trial show, in the order of the findings.

    Raises InputError where an earlier trial is of another movement.
    """
    other = sorted({d.action for d in earlier} - {now.action})
    if other:
        raise InputError(f"earlier trials must be of {now.action}, found {', '.join(other)}; give the same movement's")
    before: dict[tuple[str, str], list[Finding]] = {}
    for diagnosis in earlier:
        for finding in diagnosis.findings:
            if np.isfinite(finding.value) and np.isfinite(finding.repeat_mdc95):
                before.setdefault((finding.metric, finding.side), []).append(finding)
    changes = []
    for finding in now.findings:
        past = before.get((finding.metric, finding.side))
        if past and np.isfinite(finding.value) and np.isfinite(finding.repeat_mdc95):
            changes.append(_change(past, finding))
    return tuple(changes)


def _change(past: Sequence[Finding], now: Finding) -> Change:
    before = float(np.median([f.value for f in past]))
    mdc95 = max(now.repeat_mdc95, float(np.median([f.repeat_mdc95 for f in past])))
    change = now.value - before
    nearer = abs(float(np.median([f.deviation for f in past]))) - abs(now.deviation)
    if abs(change) <= mdc95:
        verdict = UNCHANGED
    elif abs(nearer) <= mdc95:
        verdict = CHANGED
    else:
        verdict = BETTER if nearer > 0.0 else WORSE
    return Change(
        metric=now.metric,
        label=now.label,
        side=now.side,
        unit=now.unit,
        before=before,
        now=now.value,
        change=change,
        mdc95=mdc95,
        trials=len(past),
        verdict=verdict,
    )
