"""From a data set with few marks to a version in its folder, and what the run keeps of what it saw."""

import json
import shutil
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed (pip install .[train])")
pytest.importorskip("pyarrow", reason="no pyarrow on this machine: it comes with the extra `train`")

from sport_nodes import actions  # noqa: E402
from sport_nodes.keyframes import target as target_module  # noqa: E402
from sport_nodes.lab.simulate import simulate  # noqa: E402
from sport_nodes.paths import share_directory  # noqa: E402
from sport_nodes.scoring.features import prepare  # noqa: E402
from sport_nodes.scoring.network import NetworkConfig  # noqa: E402
from sport_nodes.scoring.scorer import Scorer  # noqa: E402
from sport_nodes.training import loop, recorded, retrain, train  # noqa: E402
from sport_nodes.training.config import TrainConfig  # noqa: E402
from sport_nodes.training.dataset_rows import SPLITS, split_of  # noqa: E402
from sport_nodes.training.people import seen_as  # noqa: E402
from sport_nodes.training.pretrain import FEW_MARKED, pretrain  # noqa: E402
from sport_nodes.training.trial_set import TrialSet  # noqa: E402

ACTION = "free_throw"
#: A sport that a lab added: the shipped overhead pass under a name that the present model does not know.
NEW, LIKE = "chest_pass", "overhead_pass"
FEWEST_TRIALS = {"training": 6, "validation": 4, "test": 4}
PEOPLE = {split: [n for n in (f"p{i}" for i in range(100)) if split_of(n) == split][:3] for split in SPLITS}


def true_bounds(seed):
    trial = simulate(LIKE, seed=seed, rate_hz=30.0)
    prepared = prepare(trial.motion)
    return (trial.stage_bounds_s[0, 1:-1] - prepared.begin_s) / prepared.duration_s


@pytest.fixture
def marked(dataset_row):
    """A function of action and what is simulated for it: two of each part's people, marked."""

    def marked(action, simulated):
        motions = [simulate(simulated, seed=seed, rate_hz=30.0).motion for seed in range(6)]
        return [
            dataset_row(f"{action}{split}{k}", PEOPLE[split][k % 2], motions[k], [60.0 + 5.0 * k], action=action)
            for split in SPLITS
            for k in range(FEWEST_TRIALS[split])
        ]

    return marked


@pytest.fixture
def dataset(tmp_path, monkeypatch):
    """A function that makes a data set of rows; networks and numbers are small."""

    def dataset(rows):
        monkeypatch.setattr(retrain, "read_rows", lambda _: iter(rows))
        folder = tmp_path / "data"
        folder.mkdir()
        (folder / "dataset.json").write_text(json.dumps({"sha256": "0" * 64}))
        return folder

    monkeypatch.setenv("SPORT_COACH_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(recorded, "FEWEST_TRIALS", FEWEST_TRIALS)
    monkeypatch.setattr(
        loop, "network_config", lambda config, actions: NetworkConfig(actions=actions, blocks=((8, 1), (16, 2)))
    )
    return dataset


@pytest.fixture
def config(tmp_path):
    return replace(TrainConfig(epochs=1, pruned_epochs=0, batch=8, threads=1), run_directory=tmp_path / "run")


@pytest.fixture
def added_sport(tmp_path, monkeypatch):
    """The shipped actions and targets, and those of a sport more."""
    config = tmp_path / "share" / "config"
    shutil.copytree(share_directory() / "config" / "actions", config / "actions")
    text = (config / "actions" / f"{LIKE}.yaml").read_text().replace(f"action: {LIKE}", f"action: {NEW}")
    (config / "actions" / f"{NEW}.yaml").write_text(text)
    (config / "targets").mkdir()
    for target in (share_directory() / "config" / "targets").glob(f"{LIKE}_*.json"):
        data = json.loads(target.read_text()) | {"action": NEW}
        (config / "targets" / target.name.replace(LIKE, NEW)).write_text(json.dumps(data))
    for module in (actions, target_module):
        monkeypatch.setattr(module, "share_directory", lambda: tmp_path / "share")
    actions.load_action.cache_clear()
    yield
    actions.load_action.cache_clear()


def test_a_sport_that_was_added_is_learned_from_its_marks(
    tmp_path, added_sport, dataset, config, marked, plain_model, monkeypatch
):
    present = plain_model(tmp_path / "present", offset=60, without=(NEW, "sit_up", LIKE, "standing_long_jump"))
    folder, judgement = retrain.retrain(dataset([*marked(ACTION, ACTION), *marked(NEW, LIKE)]), config, present)
    scorer = Scorer.load(folder / "scorer.onnx")
    assert scorer.actions == (NEW, ACTION)
    training = TrialSet.load(tmp_path / "run" / "training.npz")
    new = training.action == training.action_names.tolist().index(NEW)
    assert new.sum() == FEWEST_TRIALS["training"]
    # The boundaries are the target's: near those that the lab knows of the very movements.
    truth = [true_bounds(seed) for seed in range(FEWEST_TRIALS["training"])]
    assert np.abs(training.bounds[new] - truth).max() < 0.08
    # To the present model the new sport is worth the median mark: the new one is judged on it all the same.
    assert not [reason for reason in judgement.reasons if "does not know" in reason]
    again = replace(config, start_from=tmp_path / "run" / "best.pt", run_directory=tmp_path / "again")
    network = loop.load_network(again.start_from, again, (NEW, ACTION, LIKE))
    assert network.condition[0].weight.shape[1] == 4


def test_a_model_that_forgets_a_movement_is_not_promoted(tmp_path, dataset, config, marked, plain_model, monkeypatch):
    monkeypatch.setattr(recorded, "simulated_actions", lambda: (ACTION,))  # nothing stands in for the sit-ups
    present = plain_model(tmp_path / "present", offset=60, without=(LIKE, "standing_long_jump"))
    _, judgement = retrain.retrain(dataset(marked(ACTION, ACTION)), config, present)
    assert [reason for reason in judgement.reasons if "does not know sit_up" in reason]


def test_few_marks_are_helped_by_what_nobody_marked(
    tmp_path, dataset, config, marked, dataset_row, plain_model, monkeypatch
):
    motion = simulate(ACTION, seed=0, rate_hz=30.0).motion
    count = FEWEST_TRIALS["training"]
    unmarked = [
        dataset_row(f"unmarked{split}{k}", PEOPLE[split][2], motion, [], action=ACTION)
        for split in SPLITS
        for k in range(count)
    ]
    seen = []
    monkeypatch.setattr(
        train,
        "pretrain",
        lambda network, data, **k: seen.append(len(data)) or partial(pretrain, steps=2)(network, data, **k),
    )
    present = plain_model(tmp_path / "present", offset=60, without=("sit_up", "overhead_pass", "standing_long_jump"))
    folder, judgement = retrain.retrain(dataset([*marked(ACTION, ACTION), *unmarked]), config, present)
    assert seen == [2 * count]
    assert len(TrialSet.load(tmp_path / "run" / retrain.UNMARKED_FILE)) == count
    people = tmp_path / "run" / "people.json"
    assert [seen_as(people, PEOPLE[split][2]) for split in SPLITS] == ["training", "", ""]
    assert not judgement.promoted
    assert Scorer.load(folder / "scorer.onnx").sha256.startswith(folder.name.removeprefix("scorer-"))
    assert (folder / retrain.GOLDEN_FILE).is_file()


def test_only_a_run_with_few_marks_many_movements_more_and_no_weights_begins_without_marks(config, made_up_trials):
    few, many = made_up_trials(0, rows=FEW_MARKED - 1), made_up_trials(0, rows=FEW_MARKED)
    assert retrain.begins_without_marks(config, few, few)
    assert not retrain.begins_without_marks(config, many, many)
    assert not retrain.begins_without_marks(config, few, few.take(np.arange(FEW_MARKED - 2)))
    assert not retrain.begins_without_marks(replace(config, start_from=config.run_directory / "best.pt"), few, few)
