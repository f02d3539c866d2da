"""`scorer.teachers.npz` beside a model: in which directions teachers differ from it, learned from simulated ones.

`training/teachers_prior.py` makes it. Without the file a teacher's standard is learned by a plain ridge regression.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

import numpy as np

from sport_nodes.errors import InputError
from sport_nodes.scoring.directions import Array, Directions
from sport_nodes.scoring.sidecar import SHORT_HASH, file_sha256, shipped_model

#: Takes the place of the model's `.onnx`.
SUFFIX: Final = ".teachers.npz"
#: Raised by one when a field changes its meaning.
FORMAT: Final = 1
_SEPARATOR: Final = "/"


@dataclass(frozen=True, eq=False)
class TeachersPrior:
    """directions: by movement. sha256: of the file."""

    directions: Mapping[str, Directions]
    sha256: str


def write_prior(model: Path, directions: Mapping[str, Directions]) -> Path:
    """Beside the model that it was learned with, whole or not at all; the file."""
    arrays: dict[str, Any] = {
        f"{action}{_SEPARATOR}{f.name}": getattr(found, f.name).astype(np.float32)
        for action, found in directions.items()
        for f in fields(found)
    }
    path = model.with_suffix(SUFFIX)
    unfinished = path.with_suffix(".unfinished.npz")
    np.savez(unfinished, format=FORMAT, model_sha256=file_sha256(model), **arrays)
    unfinished.replace(path)
    return path


def read_prior(model: Path | None) -> TeachersPrior | None:
    """Of a model file (the shipped one by default); None where it has none.

    Raises InputError when the file is damaged or belongs to another model.
    """
    model = shipped_model() if model is None else model
    path = model.with_suffix(SUFFIX)
    if not path.is_file():
        return None
    mend = "remove it, or make it again: `sport train --run DIR --teachers-prior`"
    try:
        with np.load(path, allow_pickle=False) as data:
            found, belongs_to = int(data["format"]), str(data["model_sha256"])
            arrays: dict[str, dict[str, Array]] = {}
            for name in data.files:
                action, _, field = name.partition(_SEPARATOR)
                if field:
                    arrays.setdefault(action, {})[field] = data[name].astype(np.float64)
            directions = {action: Directions(**of_action) for action, of_action in arrays.items()}
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise InputError(f"{path} cannot be read ({error!r}); {mend}") from error
    if found != FORMAT:
        raise InputError(f"{path} has format {found}, this version reads {FORMAT}; {mend}")
    if belongs_to != file_sha256(model):
        raise InputError(f"{path} was learned with model {belongs_to[:SHORT_HASH]}, not with {model.name}; {mend}")
    return TeachersPrior(directions, file_sha256(path))
