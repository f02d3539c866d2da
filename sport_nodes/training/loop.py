"""The training loop: draws, augments, steps, validates, and keeps what it needs to go on after a stop."""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from sport_nodes.scoring.features import VELOCITY_SCALE_S
from sport_nodes.scoring.network import ABLATIONS, NetworkConfig, NetworkOutput, ScoringNetwork
from sport_nodes.training import processes
from sport_nodes.training.augmentation import augment
from sport_nodes.training.batches import TensorSet, predict
from sport_nodes.training.config import TrainConfig, write_whole
from sport_nodes.training.curriculum import SCHEDULE_EPOCHS, admitted, difficulty, draw_epoch, intensity
from sport_nodes.training.losses import training_loss
from sport_nodes.training.metrics import score_metrics
from sport_nodes.training.trial_set import TrialSet, mean_per_trial

log = logging.getLogger(__name__)

LARGEST_GRADIENT: Final = 5.0
#: Share of the steps in which OneCycle's learning rate rises.
RISING_SHARE: Final = 0.2
#: OneCycle divides by the steps of its rise less one.
FEWEST_STEPS: Final = 10
LAST: Final = "last.pt"
BEST: Final = "best.pt"
HISTORY: Final = "history.json"
#: Of the layer that takes the movement's kind (a column an action) and, last, its tempo.
CONDITION_WEIGHT: Final = "condition.0.weight"


def network_config(config: TrainConfig, actions: tuple[str, ...]) -> NetworkConfig:
    """The whole network, or one ablation's."""
    whole = NetworkConfig(actions=actions)
    return NetworkConfig(**{**asdict(whole), ABLATIONS[config.ablation]: False}) if config.ablation else whole


def new_network(config: TrainConfig, actions: tuple[str, ...]) -> ScoringNetwork:
    """Untrained; the seed says which."""
    torch.manual_seed(config.seed)
    return ScoringNetwork(network_config(config, actions)).to(device_of(config))


def load_network(checkpoint: Path, config: TrainConfig, actions: Sequence[str] = ()) -> ScoringNetwork:
    """The network with a checkpoint's weights and widths, for these actions (by default the checkpoint's own).

    To an action that the checkpoint lacks, the condition layer's mean over those it has is a begin.
    """
    data = torch.load(checkpoint, weights_only=False, map_location="cpu")
    known, weights = data["actions"], data["network"]
    network = ScoringNetwork(replace(network_config(config, tuple(actions) or known), blocks=data["blocks"]))
    if network.config.actions != known:
        old = weights[CONDITION_WEIGHT]
        kinds = [old[:, known.index(a)] if a in known else old[:, :-1].mean(dim=1) for a in network.config.actions]
        weights = weights | {CONDITION_WEIGHT: torch.stack([*kinds, old[:, -1]], dim=1)}
    network.load_state_dict(weights)
    return network


def _made_of(network: ScoringNetwork) -> dict[str, Any]:
    config = network.config
    return {"network": network.state_dict(), "blocks": config.blocks, "actions": config.actions}


def save_network(network: ScoringNetwork, checkpoint: Path) -> None:
    """What load_network reads."""
    checkpoint.parent.mkdir(parents=True, exist_ok=True)
    partial = checkpoint.with_suffix(".part")
    torch.save(_made_of(network), partial)
    partial.replace(checkpoint)


def device_of(config: TrainConfig) -> torch.device:
    """Where to train: of several processes each on a GPU of its own."""
    if config.device or not torch.cuda.is_available():
        return torch.device(config.device or "cpu")
    return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))


@dataclass(eq=False)
class _State:
    """Everything that a resumed run needs; `epoch` is the next one. Random numbers follow from seed and epoch."""

    network: ScoringNetwork
    optimiser: torch.optim.Optimizer
    schedule: torch.optim.lr_scheduler.OneCycleLR
    hardness: NDArray[np.float64]
    history: list[dict[str, float]]
    best_mae: float = float("inf")
    epoch: int = 0

    def save(self, path: Path) -> None:
        partial = path.with_suffix(".part")
        torch.save(
            {
                **_made_of(self.network),
                "optimiser": self.optimiser.state_dict(),
                "schedule": self.schedule.state_dict(),
                "hardness": self.hardness,
                "history": self.history,
                "best_mae": self.best_mae,
                "epoch": self.epoch,
            },
            partial,
        )
        partial.replace(path)

    def restore(self, path: Path) -> None:
        data: dict[str, Any] = torch.load(path, weights_only=False, map_location="cpu")
        self.network.load_state_dict(data["network"])
        self.optimiser.load_state_dict(data["optimiser"])
        self.schedule.load_state_dict(data["schedule"])
        self.hardness, self.history = data["hardness"], data["history"]
        self.best_mae, self.epoch = data["best_mae"], data["epoch"]


def fit(
    config: TrainConfig,
    training: TrialSet,
    validation: TrialSet,
    *,
    start: ScoringNetwork | None = None,
    known: bool = False,
) -> ScoringNetwork:
    """Train, or go on from the run directory's last checkpoint; the network that did best on the validation people.

    Among several `processes` each takes its share of every batch. start: a network to go on with, by default a new one.
    known: it has been through the curriculum.
    """
    torch.set_num_threads(max(1, config.threads // processes.count()))
    torch.set_float32_matmul_precision("high")
    directory = config.run_directory
    directory.mkdir(parents=True, exist_ok=True)
    actions = tuple(training.action_names.tolist())
    data = TensorSet(training, device_of(config))
    speed = np.linalg.norm(training.velocity, axis=3).mean(axis=(1, 2)) / VELOCITY_SCALE_S
    intensities = intensity(speed, training.action)
    if start is None:
        start = new_network(config, actions)
        start.set_input_statistics(*data.input_statistics())
    state = _begin(config, intensities, start, known=known)
    if (directory / LAST).is_file():
        state.restore(directory / LAST)
        log.info("resumed at epoch %d of %d", state.epoch + 1, config.epochs)
    parallel = processes.parallel(state.network)
    began_s, began_step = time.monotonic(), state.schedule.last_epoch
    while state.epoch < config.epochs:
        losses = _epoch(config, state, parallel, data, training, intensities, known=known)
        if processes.rank() == 0:
            _keep(config, state, losses, validation)
            done, of = state.schedule.last_epoch, state.schedule.total_steps
            left_s = (of - done) * (time.monotonic() - began_s) / max(1, done - began_step)
            log.info("%d of %d steps, about %.1f min left", done, of, left_s / 60.0)
        state.epoch += 1
    processes.wait()
    return load_network(directory / BEST, config, actions).to(device_of(config))


def _keep(config: TrainConfig, state: _State, losses: dict[str, float], validation: TrialSet) -> None:
    """Judge the epoch on the validation people; write what a resumed run goes on from."""
    directory = config.run_directory
    predictions = predict(state.network, validation)
    score, first = mean_per_trial(predictions.score, validation)
    figures = score_metrics(score, validation.total[first])
    state.history.append({"epoch": state.epoch, **losses, **{f"validation_{k}": v for k, v in figures.items()}})
    log.info(
        "epoch %d of %d: loss %.3f, validation MAE %.2f, SRCC %.3f",
        *(state.epoch + 1, config.epochs, losses["loss"], figures["mae"], figures["srcc"]),
    )
    after = replace(state, epoch=state.epoch + 1, best_mae=min(state.best_mae, figures["mae"]))
    if figures["mae"] < state.best_mae:
        after.save(directory / BEST)
    state.best_mae = after.best_mae
    # The last checkpoint comes last: a run that is killed before it does the whole epoch again, to the same result.
    write_whole(directory / HISTORY, json.dumps(state.history, indent=1) + "\n")
    after.save(directory / LAST)


def _begin(config: TrainConfig, intensities: NDArray[np.float64], network: ScoringNetwork, *, known: bool) -> _State:
    network.to(device_of(config))
    steps = sum(
        -(-int(admitted(intensities, epoch=_schedule_epoch(config, e, known=known)).sum()) // _batch_size(config))
        for e in range(config.epochs)
    )
    optimiser = torch.optim.AdamW(network.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, max_lr=config.learning_rate, total_steps=max(FEWEST_STEPS, steps), pct_start=RISING_SHARE
    )
    return _State(
        network=network,
        optimiser=optimiser,
        schedule=schedule,
        hardness=np.zeros(len(intensities)),
        history=[],
    )


def _batch_size(config: TrainConfig) -> int:
    """As many rows for each process."""
    return max(processes.count(), config.batch - config.batch % processes.count())


def _schedule_epoch(config: TrainConfig, epoch: int, *, known: bool) -> float:
    """The run's epoch in units of SCHEDULE_EPOCHS, in which the paper's epoch numbers are meant.

    known: the weights have been trained before and are through the curriculum.
    """
    return SCHEDULE_EPOCHS if known else epoch * SCHEDULE_EPOCHS / config.epochs


def _epoch(
    config: TrainConfig,
    state: _State,
    parallel: torch.nn.Module,
    data: TensorSet,
    training: TrialSet,
    intensities: NDArray[np.float64],
    *,
    known: bool,
) -> dict[str, float]:
    """One pass over the admitted rows; mean of every loss term, of this process's rows."""
    parallel.train()
    process, count = processes.rank(), processes.count()
    own_seed = int(np.random.SeedSequence((config.seed, state.epoch, process)).generate_state(1)[0])
    torch.manual_seed(own_seed)
    generator = torch.Generator(device_of(config)).manual_seed(own_seed)
    rng = np.random.default_rng((config.seed, state.epoch))
    epoch = _schedule_epoch(config, state.epoch, known=known)
    progress = state.epoch / max(1, config.epochs - 1)
    order = draw_epoch(admitted(intensities, epoch=epoch), state.hardness, progress=progress, rng=rng)
    sums: dict[str, torch.Tensor] = {}
    order = order[: len(order) - len(order) % count]
    size = _batch_size(config)
    batches = range(0, len(order), size)
    for begin in batches:
        rows = order[begin : begin + size]
        own = rows.reshape(count, -1)[process]
        batch = augment(data.batch(own), generator=generator)
        output = parallel(batch.pose, batch.velocity, batch.mask, batch.condition)
        output = NetworkOutput(*map(processes.gathered, output))
        terms = training_loss(output, data.marks(rows, processes.gathered(batch.bounds)), epoch=epoch)
        state.optimiser.zero_grad()
        (count * terms["loss"]).backward()
        torch.nn.utils.clip_grad_norm_(state.network.parameters(), LARGEST_GRADIENT)
        state.optimiser.step()
        state.schedule.step()
        error = output.score.detach().double().cpu().numpy() - training.total[rows]
        state.hardness[rows] = difficulty(error, training.total[rows])
        for name, value in terms.items():
            sums[name] = sums.get(name, torch.zeros_like(value)) + value.detach()
    return {name: float(value) / len(batches) for name, value in sums.items()}
