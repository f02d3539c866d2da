"""What a training run is made of; written beside its results."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from sport_nodes.errors import InputError
from sport_nodes.paths import data_directory

#: In a run's folder: what it was told.
CONFIG_FILE: Final = "config.json"
#: Settings that change nothing in the model.
WITHOUT_MEANING: Final = ("run_directory", "threads", "workers")


def default_run_directory() -> Path:
    """Where runs are kept unless told otherwise."""
    return data_directory() / "runs" / "scorer"


@dataclass(frozen=True)
class TrainConfig:
    """Defaults are for two CPU cores; the shipped model's figures are in its card.

    people, trials_per_person: of the simulated data set, over all actions. workers: processes that make it.
    fused_share: of the trials, those that go through the simulated sensors and the fusion (a second of CPU each).
    pruned_epochs: after training, channels are pruned and the rest trained on for so long; 0 leaves them all.
    device: of torch, "" for the GPU where there is one.
    ablation: a letter of network.ABLATIONS, "" for the whole network. start_from: a checkpoint whose weights to begin
    with. run_directory: checkpoints, data, figures; a run that stopped resumes from it.
    """

    seed: int = 1
    people: int = 1000
    trials_per_person: int = 8
    fused_share: float = 0.06
    epochs: int = 24
    pruned_epochs: int = 6
    batch: int = 32
    learning_rate: float = 2e-3
    weight_decay: float = 0.02
    threads: int = 2
    workers: int = 2
    device: str = ""
    ablation: str = ""
    start_from: Path | None = None
    run_directory: Path = field(default_factory=default_run_directory)

    def as_dict(self) -> dict[str, Any]:
        """For the run's record; paths by their last part only."""
        data = asdict(self)
        data["run_directory"] = self.run_directory.name
        data["start_from"] = "" if self.start_from is None else self.start_from.name
        return data


def begin_run(config: TrainConfig, **data: str) -> None:
    """Record the settings of a run, or see that it goes on with those that it began with; data: of what data.

    Raises InputError when it began with others.
    """
    path = config.run_directory / CONFIG_FILE
    record = json.loads(json.dumps(config.as_dict() | data))
    if path.is_file():
        begun = json.loads(path.read_text(encoding="utf-8"))
        unlike = sorted(n for n in record if n not in WITHOUT_MEANING and begun.get(n) != record[n])
        if unlike:
            raise InputError(
                f"the run in {config.run_directory} began with another {', '.join(unlike)}; give another --run folder"
            )
    config.run_directory.mkdir(parents=True, exist_ok=True)
    write_whole(path, json.dumps(record, indent=1) + "\n")


def write_whole(path: Path, text: str) -> None:
    """Whole or not at all, whenever the process is killed."""
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(path)
