"""Camera calibrations of Pose2Sim, Anipose and FreeMoCap (TOML) to a rig, and back."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from sport_nodes.errors import InputError
from sport_nodes.rig import Camera, Rig

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def import_toml(path: Path) -> Rig:
    """A rig of cameras from a calibration: tables with name, size, matrix, distortions, rotation, translation (m).

    The world stays the file's own. Raises InputError when it is not such a calibration.
    """
    if not path.is_file():
        raise InputError(f"{path}: there is no such calibration; check the path")
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        cameras = tuple(_camera(key, table) for key, table in data.items() if _is_camera(table))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"{path}: not a camera calibration ({error!r}); expected Pose2Sim's or Anipose's TOML"
        ) from error
    if not cameras:
        raise InputError(f"{path}: holds no cameras (tables with matrix, rotation, translation)")
    return Rig(path.stem, None, cameras, ())


def export_toml(rig: Rig, path: Path) -> None:
    """Write the rig's RGB cameras as Pose2Sim reads them."""
    lines = []
    for camera in rig.cameras:
        vector = cv2.Rodrigues(camera.rotation)[0].ravel()
        lines += [
            f"[{camera.name}]",
            f'name = "{camera.name}"',
            f"size = {_numbers([camera.width_px, camera.height_px])}",
            "matrix = [" + ", ".join(_numbers(row) for row in camera.matrix) + "]",
            f"distortions = {_numbers(camera.distortion)}",
            f"rotation = {_numbers(vector)}",
            f"translation = {_numbers(camera.translation_m)}",
            "fisheye = false",
            "",
        ]
    lines += ["[metadata]", "adjusted = false", "error = 0.0", ""]
    path.write_text("\n".join(lines), encoding="utf-8")


def _is_camera(table: Any) -> bool:
    return isinstance(table, dict) and "matrix" in table


def _camera(key: str, table: dict[str, Any]) -> Camera:
    if table.get("fisheye"):
        raise ValueError(f"{key} is a fisheye camera, only the pinhole model is supported")
    distortion = np.zeros(5)
    given = np.array(table.get("distortions", []), dtype=np.float64).ravel()
    if given.size > distortion.size:
        raise ValueError(f"{key} has {given.size} distortion coefficients, expected k1, k2, p1, p2, k3 at most")
    distortion[: given.size] = given
    matrix = np.array(table["matrix"], dtype=np.float64).reshape(3, 3)
    rotation = cv2.Rodrigues(np.array(table["rotation"], dtype=np.float64).reshape(3, 1))[0]
    return Camera(
        str(table.get("name", key)),
        int(table["size"][0]),
        int(table["size"][1]),
        matrix,
        distortion,
        np.asarray(rotation, dtype=np.float64),
        np.array(table["translation"], dtype=np.float64).reshape(3),
    )


def _numbers(values: Any) -> str:
    return "[" + ", ".join(repr(float(value)) for value in values) + "]"
