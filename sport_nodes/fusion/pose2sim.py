"""Trial folders of Pose2Sim: OpenPose's JSON, one folder a camera and one file a frame, and a Config.toml."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from sport_nodes.errors import InputError
from sport_nodes.measurements import KeypointStream, Recording
from sport_nodes.rig import Rig
from sport_nodes.skeleton import JOINT_COUNT

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

Array = NDArray[np.float64]

_COCO: Final = tuple(range(JOINT_COUNT))
#: Where a pose model of OpenPose or Pose2Sim has the joints of `skeleton.JOINTS`, by its name there.
JOINT_PLACES: Final[dict[str, tuple[int, ...]]] = {
    "BODY_25B": _COCO,
    "BODY_25": (0, 16, 15, 18, 17, 5, 2, 6, 3, 7, 4, 12, 9, 13, 10, 14, 11),
    "COCO": (0, 15, 14, 17, 16, 5, 2, 6, 3, 7, 4, 11, 8, 12, 9, 13, 10),
    "COCO_17": _COCO,
    "HALPE_26": _COCO,
    "BODY_WITH_FEET": _COCO,
    "COCO_133": _COCO,
    "WHOLE_BODY": _COCO,
    "BODY_135": _COCO,
}
#: Values of a keypoint in the JSON: x, y, likelihood.
VALUES: Final = 3
#: A trial's Config.toml says what differs from those of its session, up to two folders higher.
CONFIG_LEVELS: Final = 3


def is_pose2sim(path: Path) -> bool:
    """Whether the folder is a trial of Pose2Sim."""
    return bool(_camera_folders(path))


def read_pose2sim(path: Path, rig: Rig) -> tuple[Recording, float]:
    """The recording of a trial folder and its frames a second [Hz].

    Folders and the rig's cameras pair in the order of their names, as in Pose2Sim. Times are frame numbers over the
    rate. Raises InputError when folders and cameras do not pair, or when rate or pose model are not to be found.
    """
    folders = _camera_folders(path)
    cameras = sorted(camera.name for camera in rig.cameras)
    if len(folders) != len(cameras):
        raise InputError(
            f"{path} has the keypoints of {len(folders)} cameras ({', '.join(f.name for f in folders)}), the rig has "
            f"{len(cameras)} ({', '.join(cameras)}); give the trial's own calibration with --rig Calib.toml"
        )
    config = _config(path)
    rate_hz = _rate_hz(path, config)
    model = str(config.get("pose", {}).get("pose_model", "")).upper()
    streams = {name: _stream(folder, model, rate_hz) for name, folder in zip(cameras, folders, strict=True)}
    return Recording(None, streams, {}, trial=path.name), rate_hz


def _camera_folders(path: Path) -> list[Path]:
    return sorted(folder for folder in path.glob("pose/*") if folder.is_dir() and next(folder.glob("*.json"), None))


def _config(path: Path) -> dict[str, Any]:
    """The tables of the trial's Config.toml over those of the folders above it."""
    merged: dict[str, Any] = {}
    folders = [path.resolve(), *path.resolve().parents][:CONFIG_LEVELS]
    for file in (folder / "Config.toml" for folder in reversed(folders)):
        if not file.is_file():
            continue
        try:
            tables = tomllib.loads(file.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise InputError(f"{file}: not readable as TOML: {error}") from error
        for name, table in tables.items():
            merged[name] = {**merged.get(name, {}), **table} if isinstance(table, dict) else table
    return merged


def _rate_hz(path: Path, config: dict[str, Any]) -> float:
    stated = config.get("project", {}).get("frame_rate")
    if isinstance(stated, int | float) and stated > 0:
        return float(stated)
    for video in sorted(path.glob("videos/*")):
        rate_hz = float(cv2.VideoCapture(str(video)).get(cv2.CAP_PROP_FPS))
        if rate_hz > 0:
            return rate_hz
    raise InputError(f"{path}: no frame rate; state frame_rate under [project] in its Config.toml, or add its videos")


def _stream(folder: Path, model: str, rate_hz: float) -> KeypointStream:
    """The keypoints of one camera, frames without a person included."""
    files = {}
    for file in folder.glob("*.json"):
        number = re.findall(r"\d+", file.name)
        if not number:
            raise InputError(f"{file}: no frame number in its name, expected one such as cam01.0000.json")
        files[int(number[-1])] = file
    people = [_people(files[number], model) for number in sorted(files)]
    shape = (len(people), max(1, *(len(found) for found in people)), JOINT_COUNT)
    xy_px, confidence = np.full((*shape, 2), np.nan), np.zeros(shape)
    for t, found in enumerate(people):
        xy_px[t, : len(found)], confidence[t, : len(found)] = found[..., :2], found[..., 2]
    confidence = np.clip(confidence, 0.0, 1.0)
    return KeypointStream(
        np.array(sorted(files)) / rate_hz, np.where(confidence[..., None] > 0, xy_px, np.nan), confidence
    )


def _people(file: Path, model: str) -> Array:
    """(P, 17, 3): x, y [px] and likelihood of everyone in one frame."""
    try:
        listed = json.loads(file.read_text(encoding="utf-8"))["people"]
        found = [np.array(person["pose_keypoints_2d"], dtype=np.float64).reshape(-1, VALUES) for person in listed]
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"{file}: not OpenPose's JSON of a frame ({error!r})") from error
    if model not in JOINT_PLACES:
        raise InputError(
            f"{file.parent}: pose model '{model}' is unknown; state pose_model under [pose] in Config.toml as one of "
            f"{', '.join(JOINT_PLACES)}"
        )
    places = JOINT_PLACES[model]
    if any(len(person) <= max(places) for person in found):
        raise InputError(f"{file}: fewer keypoints than {model} has; state the right pose_model in Config.toml")
    return np.array([person[list(places)] for person in found]).reshape(-1, JOINT_COUNT, VALUES)
