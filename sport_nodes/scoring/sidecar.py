"""models/scorer.json: everything inference needs beside the network's weights."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sport_nodes.errors import InputError
from sport_nodes.paths import share_directory
from sport_nodes.scoring.familiarity import Familiarity
from sport_nodes.scoring.intervals import IntervalTable

#: Raised by one when a field changes its meaning.
FORMAT: Final = 2
#: Hex digits of the model's SHA-256 in its identity.
SHORT_HASH: Final = 10


def shipped_model() -> Path:
    """The model that comes with the package."""
    return share_directory() / "models" / "scorer.onnx"


@dataclass(frozen=True, eq=False)
class Sidecar:
    """name: of the model. sha256: of the .onnx file. actions: in the order of the condition's one-hot.

    golden: stored outputs for golden.golden_inputs. provenance: data hash, configuration, widths and figures.
    """

    name: str
    sha256: str
    actions: tuple[str, ...]
    intervals: IntervalTable
    familiarity: Familiarity
    golden: dict[str, list[list[float]]]
    provenance: dict[str, Any]

    @property
    def identity(self) -> str:
        """Name and short hash."""
        return f"{self.name} {self.sha256[:SHORT_HASH]}"

    def write(self, path: Path) -> None:
        """As JSON."""
        data = {
            "format": FORMAT,
            "name": self.name,
            "sha256": self.sha256,
            "actions": self.actions,
            "intervals": self.intervals.as_dict(),
            "familiarity": self.familiarity.as_dict(),
            "golden": self.golden,
            "provenance": self.provenance,
        }
        path.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")


def read_sidecar(model: Path) -> Sidecar:
    """The sidecar of a model file: same name, `.json`.

    Raises InputError when model or sidecar is missing, unreadable, or they do not belong together.
    """
    path = model.with_suffix(".json")
    for needed in (model, path):
        if not needed.is_file():
            raise InputError(
                f"the scoring model needs {needed}; train one with `sport train` or install the package again"
            )
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        found = data["format"]
        sidecar = (
            None
            if found != FORMAT
            else Sidecar(
                name=data["name"],
                sha256=data["sha256"],
                actions=tuple(data["actions"]),
                intervals=IntervalTable.from_dict(data["intervals"]),
                familiarity=Familiarity.from_dict(data["familiarity"]),
                golden=data["golden"],
                provenance=data["provenance"],
            )
        )
    except (json.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path} does not describe a scoring model: {error!r}") from error
    if sidecar is None:
        raise InputError(f"{path} has format {found}, this version reads {FORMAT}; train the model again")
    if file_sha256(model) != sidecar.sha256:
        raise InputError(
            f"{model} is not the file that {path.name} describes (its SHA-256 differs); install both again"
        )
    return sidecar


def file_sha256(path: Path) -> str:
    """Hex digest of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
