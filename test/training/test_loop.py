import json
import os
import socket
import subprocess
import sys
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed (pip install .[train])")
pytest.importorskip("onnx", reason="onnx is not installed (pip install .[train])")

from sport_nodes.actions import action_names  # noqa: E402
from sport_nodes.errors import InputError  # noqa: E402
from sport_nodes.scoring.network import NetworkConfig  # noqa: E402
from sport_nodes.training import loop, processes, train  # noqa: E402
from sport_nodes.training.batches import predict  # noqa: E402
from sport_nodes.training.calibrate import calibrate_intervals, with_dead_joints, with_joints  # noqa: E402
from sport_nodes.training.config import TrainConfig, begin_run  # noqa: E402
from sport_nodes.training.cost import network_cost  # noqa: E402
from sport_nodes.training.losses import training_loss  # noqa: E402
from sport_nodes.training.onnx_network import network_graph  # noqa: E402
from sport_nodes.training.pretrain import pretrain  # noqa: E402
from sport_nodes.training.prune import pruned  # noqa: E402


@pytest.fixture(autouse=True)
def _small_network(monkeypatch):
    monkeypatch.setattr(
        loop, "network_config", lambda config, actions: NetworkConfig(actions=actions, blocks=((16, 1), (32, 2)))
    )


def config(directory, **changes):
    return replace(TrainConfig(epochs=4, batch=8, threads=1, run_directory=directory), **changes)


def weights(network):
    return torch.cat([p.detach().flatten() for p in network.parameters()])


class Killed(BaseException):
    """Nothing in the package catches it: the run is gone where it is raised, as after a kill."""


EPOCHS, PRUNED_EPOCHS, PRETRAINED_STEPS = 2, 2, 2


def outcome(directory):
    """All values of a run's checkpoints by file and place, tensors as their bytes, and the histories."""

    def leaves(value, place):
        if isinstance(value, torch.Tensor | np.ndarray):
            yield place, np.asarray(value).tobytes()
        elif isinstance(value, dict | list | tuple):
            for key, part in value.items() if isinstance(value, dict) else enumerate(value):
                yield from leaves(part, (*place, key))
        else:
            yield place, value

    checkpoints = [(path, torch.load(path, weights_only=False)) for path in directory.rglob("*.pt")]
    histories = [(path, path.read_text()) for path in directory.rglob("*.json")]
    return {k: v for path, found in checkpoints + histories for k, v in leaves(found, (path.relative_to(directory),))}


@pytest.fixture
def trained_and_pruned(monkeypatch, made_up_trials):
    """Trains, with a kill in the given step where one is given; the model's bytes, and each step's run and epoch."""
    monkeypatch.setattr(train, "pruned", lambda network: pruned(network, (12, 24)))
    monkeypatch.setattr(train, "pretrain", partial(pretrain, steps=PRETRAINED_STEPS))
    training, validation, unmarked = made_up_trials(0), made_up_trials(1, rows=16), made_up_trials(2)

    def run(directory, killed_in=None):
        steps = []

        def counted(config, state, *args, **kwargs):
            def counted_loss(*args, **kwargs):
                steps.append((config.run_directory.name == "pruned", state.epoch))
                if len(steps) - 1 == killed_in:
                    raise Killed
                return training_loss(*args, **kwargs)

            patched.setattr(loop, "training_loss", counted_loss)
            return epoch(config, state, *args, **kwargs)

        settings = config(directory, epochs=EPOCHS, pruned_epochs=PRUNED_EPOCHS, batch=16)
        with monkeypatch.context() as patched:
            epoch = loop._epoch
            patched.setattr(loop, "_epoch", counted)
            network = train.train_network(settings, training, validation, unmarked)
        return network_graph(network.eval()).SerializeToString(), steps

    return run


def test_a_run_that_is_killed_anywhere_goes_on_to_the_same_bytes(tmp_path, trained_and_pruned):
    model, steps = trained_and_pruned(tmp_path / "whole")
    whole = outcome(tmp_path / "whole")
    assert {str(place[0]) for place in whole} == {
        train.PRETRAINED_FILE,
        *(f"{folder}{name}" for folder in ("", "pruned/") for name in (loop.LAST, loop.BEST, loop.HISTORY)),
    }
    for narrow, epoch in ((False, 1), (True, 0)):
        assert steps.count((narrow, epoch)) > 1
        second = steps.index((narrow, epoch)) + 1
        directory = tmp_path / f"{second}"
        with pytest.raises(Killed):
            trained_and_pruned(directory, killed_in=second)
        resumed, again = trained_and_pruned(directory)
        # Only the epoch that was cut off is done again.
        assert again == steps[second - 1 :]
        assert resumed == model
        assert outcome(directory) == whole


#: The second of two processes; what it ends with goes to a file. Arguments: folder, port.
SECOND = """
import os, sys
from dataclasses import replace
from pathlib import Path
import torch
from sport_nodes.scoring.network import NetworkConfig
from sport_nodes.training import loop, processes
from sport_nodes.training.config import TrainConfig
from sport_nodes.training.trial_set import TrialSet
loop.network_config = lambda config, actions: NetworkConfig(actions=actions, blocks=((16, 1), (32, 2)))
folder = Path(sys.argv[1])
config = TrainConfig(epochs=EPOCHS, batch=8, learning_rate=5e-3, threads=1, run_directory=folder / "run")
with processes.together():
    network = loop.fit(config, TrialSet.load(folder / "training.npz"), TrialSet.load(folder / "validation.npz"))
torch.save(network.state_dict(), folder / "second.pt")
"""
TOGETHER_EPOCHS = 5


def test_two_processes_train_one_network_within_the_spread_of_seeds(tmp_path, monkeypatch, made_up_trials):
    training, validation = made_up_trials(0, rows=41), made_up_trials(1, rows=24)  # one row is over
    training.save(tmp_path / "training.npz")
    validation.save(tmp_path / "validation.npz")
    settings = {"epochs": TOGETHER_EPOCHS, "learning_rate": 5e-3}
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    world = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "GLOO_SOCKET_IFNAME": "lo"}
    script = SECOND.replace("EPOCHS", str(TOGETHER_EPOCHS))
    with subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)], env={**os.environ, **world, "RANK": "1"}
    ) as second:
        alone = [
            figures(loop.fit(config(tmp_path / f"{seed}", seed=seed, **settings), training, validation), validation)
            for seed in (1, 2, 3)
        ]
        for name, value in {**world, "RANK": "0"}.items():
            monkeypatch.setenv(name, value)
        with processes.together():
            together = loop.fit(config(tmp_path / "run", **settings), training, validation)
        assert second.wait(60) == 0
    other = torch.load(tmp_path / "second.pt")
    assert all(torch.equal(value, other[name]) for name, value in together.state_dict().items())
    found = figures(together, validation)
    assert found < max(alone) + (max(alone) - min(alone))
    assert found < np.abs(np.median(training.total) - validation.total).mean()


def figures(network, validation):
    return float(np.abs(predict(network, validation).score - validation.total).mean())


def test_a_run_goes_on_only_with_the_settings_that_it_began_with(tmp_path):
    begin_run(config(tmp_path / "run"), dataset_sha256="a")
    begin_run(config(tmp_path / "run", threads=2), dataset_sha256="a")
    for changed, data in (({"batch": 9}, "a"), ({}, "b")):
        with pytest.raises(InputError, match=r"began with another (batch|dataset_sha256); give another --run"):
            begin_run(config(tmp_path / "run", **changed), dataset_sha256=data)


def test_training_learns_and_keeps_the_best_on_validation(tmp_path, made_up_trials):
    training, validation = made_up_trials(0, rows=96), made_up_trials(1, rows=32)
    network = loop.fit(config(tmp_path, epochs=15, learning_rate=5e-3), training, validation)
    history = json.loads((tmp_path / loop.HISTORY).read_text())
    error = np.abs(predict(network, validation).score - validation.total).mean()
    constant = np.abs(np.median(training.total) - validation.total).mean()
    assert error == pytest.approx(min(h["validation_mae"] for h in history), abs=1e-3)
    assert error < 0.6 * constant


def test_calibrated_intervals_widen_with_every_dead_joint(tmp_path, made_up_trials):
    training, validation = made_up_trials(0), made_up_trials(1, rows=96)
    network = loop.fit(config(tmp_path), training, validation)
    table = calibrate_intervals(network, validation, seed=0)
    assert np.all(np.diff(table.shares) > 0)
    assert np.all(np.diff(table.factors) > 0)
    error = np.abs(predict(network, validation).score - validation.total)
    half = np.array([table.total[name] for name in validation.action_names[validation.action]])
    assert (error <= half).mean() >= 0.9


def test_dead_joints_are_gone_and_counted(made_up_trials):
    trials = made_up_trials()
    dead = with_dead_joints(trials, 2, rng=np.random.default_rng(0))
    assert ((dead.mask == 0).all(axis=2).sum(axis=1) == 2).all()
    assert (dead.unmeasured.sum(axis=1) == 2).all()
    assert not dead.pose[dead.mask == 0].any()
    assert not with_joints(trials, np.zeros((len(trials), 17))).pose.any()


def test_cost_counts_what_is_there():
    from sport_nodes.scoring.network import ScoringNetwork

    network = ScoringNetwork(NetworkConfig(actions=action_names(), blocks=((8, 1),)))
    cost = network_cost(network)
    assert cost.parameters == weights(network).numel()
    # The first block's H W alone: 17 joints x 90 frames x 6 inputs x 8 outputs, and its graph 17 x 17 x 90 x 8.
    assert cost.multiply_adds > 17 * 90 * 6 * 8 + 17 * 17 * 90 * 8
