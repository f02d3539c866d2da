"""Who a model was trained on, as digests of pseudonyms: enough to answer whether it had seen a person, and no more."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from sport_nodes.errors import InputError


def write_people(path: Path, parts: Mapping[str, set[str]], *, dataset_sha256: str) -> None:
    """Record the pseudonyms of each part of the data that a run uses."""
    data = {part: sorted(map(_digest, people)) for part, people in parts.items()}
    path.write_text(json.dumps({"dataset_sha256": dataset_sha256, "people": data}, indent=1) + "\n", encoding="utf-8")


def seen_as(path: Path, athlete: str) -> str:
    """The part in which a run had this person; "" for none. Raises InputError when the record cannot be read."""
    try:
        parts = json.loads(path.read_text(encoding="utf-8"))["people"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} cannot be read ({error!r}); who that run was trained on is not known") from error
    return next((part for part, people in parts.items() if _digest(athlete) in people), "")


def _digest(athlete: str) -> str:
    return hashlib.sha256(f"person {athlete}".encode()).hexdigest()
