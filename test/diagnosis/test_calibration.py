"""The lab's own measurement error and progress beyond it: against noise that was put in, and Weir's formula."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from sport_nodes.cli import main
from sport_nodes.diagnosis.calibration import Calibration, calibrate, load_calibration, save_calibration
from sport_nodes.diagnosis.diagnose import diagnose
from sport_nodes.diagnosis.findings import Diagnosis, Finding
from sport_nodes.diagnosis.progress import BETTER, CHANGED, UNCHANGED, WORSE, progress
from sport_nodes.errors import InputError
from sport_nodes.io.motion_files import write_motion
from sport_nodes.keyframes.align import align
from sport_nodes.keyframes.target import load_target
from sport_nodes.lab.simulate import simulate
from sport_nodes.motion import Motion

ACTION = "overhead_pass"
NOISE_M = 0.004


@cache
def repeats(count: int, first: int = 0) -> tuple[Motion, ...]:
    truth = simulate(ACTION, seed=50, rate_hz=60.0).motion
    return tuple(
        truth.moved(truth.positions_m + NOISE_M * np.random.default_rng(first + k).normal(size=truth.positions_m.shape))
        for k in range(count)
    )


def diagnosed(motion: Motion, calibration: Calibration | None = None) -> Diagnosis:
    target = load_target(ACTION, motion)
    return diagnose(motion, align(motion, target), ACTION, target, calibration)


def finding(value: float, target: float = 0.0, mdc95: float = 2.0) -> Diagnosis:
    sizes = (value, target, "deg", value - target, 1.0, 9.0 * mdc95)
    one = Finding("bend", "bend", *sizes, "deviates", (), "", "load", 0.0, repeat_mdc95=mdc95)
    return Diagnosis(ACTION, (one,), ())


def test_the_spread_of_repeats_covers_the_differences_of_others(tmp_path: Path) -> None:
    calibration = calibrate([diagnosed(m) for m in repeats(10)], repeats(10))
    save_calibration(calibration, tmp_path / "own.json")
    read = load_calibration(ACTION, tmp_path / "own.json")
    assert read is not None
    one, other = (diagnosed(m, read) for m in repeats(2, first=100))
    pairs = [(a, b) for a, b in zip(one.findings, other.findings, strict=True) if np.isfinite(a.mdc95)]
    assert len(pairs) > 12
    assert np.mean([abs(a.value - b.value) <= a.mdc95 for a, b in pairs]) > 0.8
    sem = calibration.sem[one.findings[0].metric]
    assert one.findings[0].mdc95 == pytest.approx(1.96 * np.sqrt(2.0) * sem, rel=1e-3)
    assert one.findings[0].repeat_mdc95 == one.findings[0].mdc95


def test_a_trial_measured_worse_has_a_wider_error() -> None:
    calibration = Calibration(ACTION, 6, {"bend": 2.0}, sigma_m=0.01)
    assert calibration.standard_error("bend", 0.02) == pytest.approx(4.0)
    assert calibration.standard_error("bend", 0.005) == pytest.approx(2.0)
    assert calibration.standard_error("bend", float("nan")) == pytest.approx(2.0)
    assert np.isnan(calibration.standard_error("twist", 0.01))


@pytest.mark.parametrize(
    ("now", "verdict"), [(11.5, UNCHANGED), (13.0, WORSE), (5.0, BETTER), (-9.0, CHANGED), (-14.0, WORSE)]
)
def test_changed_only_beyond_the_error(now: float, verdict: str) -> None:
    changes = progress([finding(10.0), finding(9.0), finding(30.0)], finding(now))
    assert [(c.before, c.trials, c.verdict) for c in changes] == [(10.0, 3, verdict)]


def test_nothing_is_said_of_what_was_not_measured() -> None:
    assert progress([finding(float("nan"))], finding(1.0)) == ()
    assert progress([finding(1.0)], Diagnosis(ACTION, (), (), "refused")) == ()
    with pytest.raises(InputError, match="earlier trials must be of"):
        progress([replace(finding(1.0), action="sit_up")], finding(1.0))


def test_mistakes_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="5 repeats or more, found 2"):
        calibrate([finding(1.0), finding(2.0)], [])
    with pytest.raises(InputError, match="of one movement"):
        calibrate([finding(1.0), replace(finding(1.0), action="sit_up")], [])
    (tmp_path / "bad.json").write_text("{}", encoding="utf-8")
    with pytest.raises(InputError, match="is no calibration"):
        load_calibration(ACTION, tmp_path / "bad.json")
    save_calibration(Calibration("sit_up", 5, {}), tmp_path / "other.json")
    with pytest.raises(InputError, match="calibration of sit_up"):
        load_calibration(ACTION, tmp_path / "other.json")


def test_the_command_writes_what_diagnosis_finds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SPORT_COACH_HOME", str(tmp_path))
    assert load_calibration(ACTION) is None
    paths = []
    for k, motion in enumerate(repeats(5)):
        paths.append(str(tmp_path / f"{k}.csv"))
        write_motion(motion, Path(paths[-1]))
    assert main(["diagnose", "calibrate", *paths, "--action", ACTION]) == 0
    assert "from 5 trials" in capsys.readouterr().out
    own = load_calibration(ACTION)
    assert own is not None
    assert own.trials == 5
    assert main(["diagnose", "calibrate", *paths[:2], "--action", ACTION]) == 2
    assert "record more" in capsys.readouterr().err
