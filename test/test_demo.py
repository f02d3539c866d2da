"""`sport demo` from the command line to the report: what a newcomer sees first."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from sport_nodes.cli import main
from sport_nodes.io.bag import read_recording


@pytest.fixture
def own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The demo chooses a ROS domain for its process; here it is given back."""
    for name in ("ROS_DOMAIN_ID", "ROS_AUTOMATIC_DISCOVERY_RANGE"):
        monkeypatch.setenv(name, os.environ.get(name, ""))  # remembered, so that it is put back
        monkeypatch.delenv(name)


@pytest.mark.usefixtures("own_environment")
def test_the_demo_plays_a_trial_and_says_what_came_of_it(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    status = main(["demo", "--action", "free_throw", "--fault", "elbow_flare", "--output", str(tmp_path)])
    out, err = capfd.readouterr()
    assert status == 0, out + err
    assert "Traceback" not in out + err
    found = dict(re.findall(r"^([A-Z][a-z ]+?)  +(.*)$", out, re.MULTILINE))
    points, low, high = map(int, re.match(r"(\d+) of 100 \((\d+) to (\d+)\)", found["Score"]).groups())  # type: ignore[union-attr]
    assert low <= points <= high
    assert [name in found["Keyframes"] for name in ("Lowest dip", "Set point", "Release")] == [True] * 3
    assert "elbow" in found["To improve"].lower()
    report, bag = Path(found["Report"]), Path(found["Bag"])
    assert tmp_path in report.parents
    assert "Basketball free throw" in report.read_text(encoding="utf-8")
    assert read_recording(bag).action == "free_throw"
    # The trial is told while it runs, in order.
    told = ["nodes are active", "began", "finished", "/report/path is in", "all nodes stopped"]
    places = [out.index(words) for words in told]
    assert places == sorted(places)
    assert "end declared" in found["Timing"]


def test_a_fault_that_does_not_exist_starts_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--action", "sit_up", "--fault", "flying"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1
    assert "jerky_rise" in err
