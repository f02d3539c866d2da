"""Intrinsics as ROS's camera_calibration writes them (camera_info YAML), to a rig's cameras and back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import yaml

from sport_nodes.errors import InputError
from sport_nodes.rig import Camera, Rig

#: The one distortion model of ROS whose five numbers are this project's: k1, k2, p1, p2, k3.
PLUMB_BOB: Final = "plumb_bob"


def is_camera_info(path: Path) -> bool:
    """Whether a YAML file is of this kind. Raises InputError when it is no YAML."""
    data = _read(path)
    return isinstance(data, dict) and "camera_matrix" in data


def import_camera_info(path: Path, rig: Rig) -> Rig:
    """The rig with this file's intrinsics for the camera of that name; where it stands stays.

    Raises InputError when the file is not of this kind, its lens is of another model, or the rig has no such camera.
    """
    data = _read(path)
    try:
        model = str(data["distortion_model"])
        camera = replace(
            rig.camera(str(data["camera_name"])),
            width_px=int(data["image_width"]),
            height_px=int(data["image_height"]),
            matrix=np.array(data["camera_matrix"]["data"], dtype=np.float64).reshape(3, 3),
            distortion=np.array(data["distortion_coefficients"]["data"], dtype=np.float64).reshape(5),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"{path}: not a camera_info YAML ({error!r}); expected what camera_calibration writes"
        ) from error
    if model != PLUMB_BOB:
        raise InputError(f"{path}: its lens is modelled as '{model}'; calibrate with {PLUMB_BOB}")
    depth = camera if rig.depth and rig.depth.name == camera.name else rig.depth
    return replace(rig, depth=depth, cameras=tuple(camera if c.name == camera.name else c for c in rig.cameras))


def export_camera_info(rig: Rig, folder: Path) -> list[Path]:
    """One file a camera, `<name>.yaml`; raises InputError when they cannot be written."""
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for camera in (*rig.cameras, *((rig.depth,) if rig.depth else ())):
            path = folder / f"{camera.name}.yaml"
            path.write_text(yaml.safe_dump(_as_dict(camera), sort_keys=False), encoding="utf-8")
            written.append(path)
    except OSError as error:
        raise InputError(f"{folder}: cannot be written ({error.strerror}); choose another folder") from error
    return written


def _as_dict(camera: Camera) -> dict[str, Any]:
    projection = np.column_stack([camera.matrix, np.zeros(3)])
    return {
        "image_width": camera.width_px,
        "image_height": camera.height_px,
        "camera_name": camera.name,
        "camera_matrix": _matrix(camera.matrix),
        "distortion_model": PLUMB_BOB,
        "distortion_coefficients": _matrix(camera.distortion[None]),
        "rectification_matrix": _matrix(np.eye(3)),
        "projection_matrix": _matrix(projection),
    }


def _matrix(values: Any) -> dict[str, Any]:
    return {"rows": values.shape[0], "cols": values.shape[1], "data": [float(v) for v in values.ravel()]}


def _read(path: Path) -> Any:
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"{path}: cannot be read as YAML ({error}); check the path") from error
