"""One recorded trial as a row of a data set: the documented schema, and how a bag fills it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa

from sport_nodes import topics
from sport_nodes.actions import action_names
from sport_nodes.body import body_height_m
from sport_nodes.errors import InputError
from sport_nodes.io import bag_messages as messages
from sport_nodes.io.bag import open_bag
from sport_nodes.io.bag_about import read_about
from sport_nodes.labels import BAG_FOLDER, labels_file, latest_of_each_rater, read_labels
from sport_nodes.motion import Motion, Provenance
from sport_nodes.skeleton import JOINT_COUNT
from sport_nodes.store import NOBODY

#: Raised by one when a column changes its meaning: everything is then built again.
FORMAT: Final = 1
SPLITS: Final = ("training", "validation", "test")
#: Upper ends of the shares of training and validation people (the founding paper's 6:2:2).
_SPLIT_ENDS: Final = (0.6, 0.8)
_DIGEST_BITS: Final = 64
_BLOCK_BYTES: Final = 1 << 20

#: Column, type, and what it holds. T frames; J = 17 joints in COCO's order; R raters.
COLUMNS: Final = (
    ("trial", pa.string(), "id, unique and sortable by time"),
    ("athlete", pa.string(), "pseudonym"),
    ("split", pa.string(), "training, validation or test, by a hash of the pseudonym: a person never moves"),
    ("action", pa.string(), "the movement"),
    ("begin_s", pa.float64(), "host time of second 0, seconds since 1970"),
    ("times_s", pa.list_(pa.float64()), "T"),
    ("positions_m", pa.list_(pa.float32()), "T x J x 3, row by row, world frame with z up; NaN where missing"),
    ("confidence", pa.list_(pa.float32()), "T x J, 0 where missing"),
    ("provenance", pa.list_(pa.uint8()), "T x J, constants of Skeleton3D"),
    ("sigma_m", pa.list_(pa.float32()), "T x J, NaN where unknown"),
    ("height_m", pa.float64(), "body height from limb lengths; NaN where no limb was seen"),
    ("missing_share", pa.float64(), "of joints and frames without a position"),
    ("devices", pa.list_(pa.string()), "sensors whose clocks the trial reports"),
    ("simulated", pa.bool_(), "whether the bag holds the simulated lab's truth"),
    ("raters", pa.list_(pa.string()), "R, by name; the last marks of each count"),
    ("totals", pa.list_(pa.float64()), "R marks, 0..100"),
    (
        "stages",
        pa.list_(pa.list_(pa.float64())),
        "R x 4 marks, 0..100, in the action's order; none of a rater who marked the whole only",
    ),
    ("grades", pa.list_(pa.string()), "R"),
    ("notes", pa.list_(pa.string()), "R"),
    ("marked_when", pa.list_(pa.string()), "R, UTC"),
    ("software", pa.string(), "version that recorded; empty where the bag does not say"),
    ("rig_sha256", pa.string(), "of the rig; likewise"),
    ("model", pa.string(), "that scored the trial when it was recorded; likewise"),
    ("source_sha256", pa.string(), "of bag and labels: what changed is built again"),
)
SCHEMA: Final = pa.schema([pa.field(name, kind, metadata={"about": about}) for name, kind, about in COLUMNS])


@dataclass(frozen=True)
class Source:
    """A bag to build from. name: its path under the given folder. bag_sha256: places it; sha256: bag and labels."""

    path: Path
    name: str
    bag_sha256: str
    sha256: str


def split_of(athlete: str) -> str:
    """Where a person's trials go, now and in every later build."""
    digest = hashlib.sha256(f"split {athlete}".encode()).digest()
    share = int.from_bytes(digest[: _DIGEST_BITS // 8], "big") / 2.0**_DIGEST_BITS
    return SPLITS[int(np.searchsorted(_SPLIT_ENDS, share, side="right"))]


def find_sources(folder: Path) -> list[tuple[Path, str]]:
    """Path and name of every bag under a folder (or of the one it is). Raises InputError when there is no folder."""
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder; give one with recorded bags")
    files = [p for suffix in ("*.mcap", "*.db3") for p in folder.rglob(suffix)]
    bags = sorted({p.parent for p in files if not any(part.startswith(".") for part in p.relative_to(folder).parts)})
    return [(bag, str(bag.relative_to(folder)) if bag != folder else folder.name) for bag in bags]


def fingerprint(path: Path, name: str) -> Source:
    """The bag with the digest of its recording, and of that and its labels."""
    digest = hashlib.sha256()
    for file in sorted(p for p in path.iterdir() if p.suffix in (".mcap", ".db3", ".yaml")):
        digest.update(file.name.encode())
        with file.open("rb") as stream:
            while block := stream.read(_BLOCK_BYTES):
                digest.update(block)
    bag = digest.hexdigest()
    labels = labels_file(path)
    digest.update(f"format {FORMAT}".encode())
    digest.update(labels.read_bytes() if labels.is_file() else b"")
    return Source(path, name, bag, digest.hexdigest())


def row_of(source: Source) -> dict[str, Any]:
    """The bag's trial as a row of SCHEMA. Raises InputError when it is damaged or holds no finished trial."""
    with open_bag(source.path) as reader:
        found = reader.messages((messages.TRIAL_MOTION,))
        names = {c.topic for c in reader.connections if c.msgcount}
    if topics.MOTION_TRIAL not in found:
        raise InputError(f"it has no {topics.MOTION_TRIAL}; run the graph (or `sport replay`) on it first")
    message = found[topics.MOTION_TRIAL][-1]
    if message.action not in action_names():
        raise InputError(f"its action '{message.action}' is unknown here; expected {', '.join(action_names())}")
    motion = messages.motion_of_trial(message)
    athlete = message.athlete or NOBODY
    labels = latest_of_each_rater(read_labels(source.path))
    about = read_about(source.path)
    return {
        "trial": message.trial or (source.path.parent.name if source.path.name == BAG_FOLDER else source.path.name),
        "athlete": athlete,
        "split": split_of(athlete),
        "action": message.action,
        "begin_s": messages.stamp_s(message),
        "times_s": motion.times_s,
        "positions_m": motion.positions_m.reshape(-1).astype(np.float32),
        "confidence": motion.confidence.reshape(-1).astype(np.float32),
        "provenance": motion.provenance.reshape(-1),
        "sigma_m": motion.sigma_m.reshape(-1).astype(np.float32),
        "height_m": body_height_m(motion.positions_m),
        "missing_share": float((motion.provenance == Provenance.MISSING).mean()),
        "devices": sorted(device.name for device in message.sync.devices),
        "simulated": topics.GROUND_TRUTH_TRIAL in names or topics.GROUND_TRUTH_SKELETON in names,
        "raters": [label.rater for label in labels],
        "totals": [label.total for label in labels],
        "stages": [list(label.stages) for label in labels],
        "grades": [label.grade for label in labels],
        "notes": [label.note for label in labels],
        "marked_when": [label.when for label in labels],
        "software": about.get("software", ""),
        "rig_sha256": about.get("rig_sha256", ""),
        "model": about.get("model", ""),
        "source_sha256": source.sha256,
    }


def motion_of_row(row: dict[str, Any]) -> Motion:
    """The motion of a row (columns as Python lists or arrays)."""
    shape = (len(row["times_s"]), JOINT_COUNT)
    return Motion(
        np.asarray(row["times_s"], np.float64),
        np.asarray(row["positions_m"], np.float64).reshape(*shape, 3),
        np.asarray(row["confidence"], np.float64).reshape(shape),
        np.asarray(row["provenance"], np.uint8).reshape(shape),
        np.asarray(row["sigma_m"], np.float64).reshape(shape),
    )
