"""Sports as data: the four that ship are complete, and every mistake in a file is named."""

import copy
import pickle
from pathlib import Path

import pytest
import yaml

from sport_nodes.action_file import read_action
from sport_nodes.actions import DIMENSIONS, Text, action_names, load_action
from sport_nodes.errors import InputError
from sport_nodes.lab.simulate import fault_names
from sport_nodes.paths import share_directory

MOST_WORDS_IN_A_CUE = 9


@pytest.mark.parametrize("name", action_names())
def test_shipped_action_is_complete(name: str) -> None:
    action = load_action(name)
    assert len(action.metrics) >= 12
    assert len(action.stages) == 4
    assert set(fault_names(name)) <= {cause.name for cause in action.root_causes}
    assert set(action.dimensions) == set(DIMENSIONS)
    assert {kind for metric in action.metrics for kind in [metric.kind]} >= {"joint_angle", "timing"}


@pytest.mark.parametrize("name", action_names())
def test_every_word_has_a_chinese_translation(name: str) -> None:
    action = load_action(name)
    texts = [action.label, *(s.label for s in action.stages), *(k.label for k in action.keyframes)]
    for metric in action.metrics:
        texts += [metric.label, metric.low_label, metric.high_label]
    for cause in action.root_causes:
        texts += [cause.label, cause.reason, cause.cue, cause.drill, cause.check]
    for text in texts:
        assert text.in_language("zh") != text
        assert any("\u4e00" <= letter <= "\u9fff" for letter in text.in_language("zh"))


@pytest.mark.parametrize("name", action_names())
def test_cues_are_short(name: str) -> None:
    for cause in load_action(name).root_causes:
        assert len(cause.cue.split()) <= MOST_WORDS_IN_A_CUE, cause.name


def test_unknown_action_is_named_with_the_known_ones() -> None:
    with pytest.raises(InputError, match="standing_long_jump"):
        load_action("pole_vault")


def test_text_is_a_string_that_survives_pickling() -> None:
    text = pickle.loads(pickle.dumps(Text("Jump", {"zh": "跳"})))
    assert (text, text.in_language("zh"), text.in_language("de")) == ("Jump", "跳", "Jump")


def good_file() -> dict:
    path = share_directory() / "config" / "actions" / "standing_long_jump.yaml"
    return yaml.safe_load(path.read_text(encoding="utf-8"))


MISTAKES = {
    "unknown joint": (lambda d: d["metrics"][0].update(joints=["left_toe"]), "unknown joint 'left_toe'"),
    "unknown keyframe": (lambda d: d["metrics"][0].update(at="lift_off"), "unknown keyframe 'lift_off'"),
    "unknown quantity": (lambda d: d["metrics"][0].update(quantity="ankle_flexion"), "unknown quantity"),
    "missing tolerance": (lambda d: d["metrics"][0].pop("tolerance"), "'tolerance' is missing"),
    "tolerance of zero": (lambda d: d["metrics"][0].update(tolerance=0), "must be above 0"),
    "tolerance in words": (lambda d: d["metrics"][0].update(tolerance="wide"), "expected a number"),
    "no words": (lambda d: d["metrics"][0].pop("low_label"), "'low_label' must be a text"),
    "two ways to read": (lambda d: d["metrics"][0].update(over=["flight"]), "give one"),
    "unknown stage": (lambda d: d["root_causes"][0].update(stage="run_up"), "unknown stage 'run_up'"),
    "unknown metric": (
        lambda d: d["root_causes"][0]["evidence"][0].update(metric="heel_height"),
        "unknown metric 'heel_height'",
    ),
    "unknown direction": (
        lambda d: d["root_causes"][0]["evidence"][0].update(direction="down"),
        "unknown direction 'down'",
    ),
    "unknown source": (lambda d: d["metrics"][0].update(source="hearsay"), "unknown source 'hearsay'"),
    "metric twice": (lambda d: d["metrics"].append(d["metrics"][0]), "appears twice"),
    "no stages": (lambda d: d.update(stages=[]), "'stages' must be a list"),
    "unknown weight": (lambda d: d["alignment"]["weights"].update(nose=1.0), "unknown quantity 'nose'"),
    "reversed ideal": (lambda d: d["metrics"][0].update(ideal=[9, 3]), "from 9.0 down to 3.0"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_each_mistake_is_one_clear_line(mistake: str, tmp_path: Path) -> None:
    change, expected = MISTAKES[mistake]
    data = copy.deepcopy(good_file())
    change(data)
    path = tmp_path / "jump.yaml"
    path.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
    with pytest.raises(InputError) as found:
        read_action(path)
    assert expected in str(found.value)
    assert str(found.value).startswith("jump.yaml: ")
    assert "\n" not in str(found.value)


@pytest.mark.parametrize("content", ["", "- a\n- b\n", "a: [1\n", "\t: x"])
def test_what_is_not_an_action_is_refused(content: str, tmp_path: Path) -> None:
    path = tmp_path / "odd.yaml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=r"odd\.yaml"):
        read_action(path)
