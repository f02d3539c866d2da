"""A lab's own measurement error: each metric's standard error from repeated trials, kept as one small JSON file."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from sport_nodes.diagnosis.findings import Diagnosis
from sport_nodes.errors import InputError
from sport_nodes.motion import Motion
from sport_nodes.paths import data_directory

#: Fewer repeats than this say nothing about a spread: with five its 95 % interval is already 0.6 to 2.9 times it.
LEAST_TRIALS: Final = 5


@dataclass(frozen=True)
class Calibration:
    """Standard errors of measurement by metric, in its unit, from `trials` repeats.

    sigma_m: typical standard deviation of their joints per axis [m], NaN where the recordings do not say.
    """

    action: str
    trials: int
    sem: Mapping[str, float]
    sigma_m: float = float("nan")

    def standard_error(self, metric: str, sigma_m: float) -> float:
        """Of one metric in a trial whose joints are off by sigma_m; NaN where it was not calibrated.

        Never less than in the repeats, and more in a trial that was measured worse than those.
        """
        worse = sigma_m / self.sigma_m if self.sigma_m > 0.0 else np.nan
        return self.sem.get(metric, float("nan")) * (max(worse, 1.0) if np.isfinite(worse) else 1.0)


def calibrate(diagnoses: Sequence[Diagnosis], motions: Sequence[Motion]) -> Calibration:
    """The standard errors of one athlete's repeats of one movement: the spread of each metric from trial to trial.

    The spread holds what sensors, fusion and alignment add and what the athlete does not repeat (Weir 2005, J Strength
    Cond Res 19(1), eq. 9 for one athlete). Metrics with a finding a side get the mean square of both sides.

    Raises InputError where trials are too few, of several movements, or refused.
    """
    actions = {d.action for d in diagnoses}
    if len(actions) > 1:
        raise InputError(f"repeats must be of one movement, found {', '.join(sorted(actions))}")
    sound = [d for d in diagnoses if not d.reason]
    if len(sound) < LEAST_TRIALS:
        reasons = "; ".join(dict.fromkeys(d.reason for d in diagnoses if d.reason))
        why = f" (refused: {reasons})" if reasons else ""
        raise InputError(f"a calibration needs {LEAST_TRIALS} repeats or more, found {len(sound)}{why}: record more")
    variances: dict[str, list[float]] = {}
    for repeats in zip(*(d.findings for d in sound), strict=True):
        values = np.array([f.value for f in repeats])
        known = values[np.isfinite(values)]
        if len(known) >= LEAST_TRIALS:
            variances.setdefault(repeats[0].metric, []).append(float(np.var(known, ddof=1)))
    sem = {metric: float(np.sqrt(np.mean(both))) for metric, both in variances.items()}
    sigmas = [s for m in motions if np.isfinite(s := typical_sigma_m(m))]
    return Calibration(sound[0].action, len(sound), sem, float(np.median(sigmas)) if sigmas else float("nan"))


def typical_sigma_m(motion: Motion) -> float:
    """Median standard deviation of the joints that were measured [m]; NaN where none is known."""
    known = motion.sigma_m[motion.measured & np.isfinite(motion.sigma_m)]
    return float(np.median(known)) if len(known) else float("nan")


def calibration_path(action: str) -> Path:
    """Where this lab's calibration of a movement is looked for."""
    return data_directory() / "measurement_error" / f"{action}.json"


def save_calibration(calibration: Calibration, path: Path) -> None:
    """Write it as JSON."""
    data = {
        "action": calibration.action,
        "trials": calibration.trials,
        "sem": {metric: round(value, 6) for metric, value in calibration.sem.items()},
        "sigma_m": round(calibration.sigma_m, 6) if np.isfinite(calibration.sigma_m) else None,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")


def load_calibration(action: str, path: Path | None = None) -> Calibration | None:
    """The calibration in `path`, else this lab's own; None where there is none of its own.

    Raises InputError where the file is not a calibration of this movement.
    """
    file = path or calibration_path(action)
    if path is None and not file.is_file():
        return None
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        sem = {str(metric): float(value) for metric, value in data["sem"].items()}
        sigma_m = float("nan") if data["sigma_m"] is None else float(data["sigma_m"])
        found = Calibration(str(data["action"]), int(data["trials"]), sem, sigma_m)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{file} is no calibration ({error!r}); make one with: sport diagnose calibrate") from error
    if found.action != action:
        raise InputError(f"{file} is a calibration of {found.action}, expected {action}; give that movement's")
    return found
