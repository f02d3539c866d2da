"""The rig: which sensors watch, where they stand and how they see. One YAML file in config/rigs each."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from sport_nodes.errors import InputError
from sport_nodes.paths import share_directory
from sport_nodes.skeleton import SEGMENTS

Array = NDArray[np.float64]

# Behind this depth a point has no image [m].
MINIMUM_DEPTH_M = 0.05


@dataclass(frozen=True, eq=False)
class Camera:
    """A pinhole camera with Brown-Conrady distortion (k1, k2, p1, p2, k3: OpenCV's order and formula).

    rotation (3, 3) and translation_m (3,) take world points into the optical frame (x right, y down, z ahead):
    p_optical = rotation @ p_world + translation_m.
    """

    name: str
    width_px: int
    height_px: int
    matrix: Array
    distortion: Array
    rotation: Array
    translation_m: Array

    @property
    def center_m(self) -> Array:
        """(3,) position of the optical centre in world."""
        return -self.rotation.T @ self.translation_m

    @property
    def frame_id(self) -> str:
        return f"{self.name}_optical"

    def to_optical(self, points_m: Array) -> Array:
        """(..., 3) world to (..., 3) optical frame."""
        return points_m @ self.rotation.T + self.translation_m

    def to_world(self, points_m: Array) -> Array:
        """(..., 3) optical frame to (..., 3) world."""
        return (points_m - self.translation_m) @ self.rotation

    def distort(self, xy: Array) -> Array:
        """(..., 2) normalised image coordinates, with the lens's distortion put on."""
        k1, k2, p1, p2, k3 = self.distortion
        x, y = xy[..., 0], xy[..., 1]
        r2 = x * x + y * y
        radial = 1.0 + r2 * (k1 + r2 * (k2 + r2 * k3))
        return np.stack(
            [
                x * radial + 2.0 * p1 * x * y + p2 * (r2 + 2.0 * x * x),
                y * radial + p1 * (r2 + 2.0 * y * y) + 2.0 * p2 * x * y,
            ],
            axis=-1,
        )

    def project(self, points_m: Array) -> Array:
        """(..., 3) world points to (..., 2) pixels; NaN behind the camera."""
        optical = self.to_optical(points_m)
        depth = np.where(optical[..., 2:] > MINIMUM_DEPTH_M, optical[..., 2:], np.nan)
        xy = self.distort(optical[..., :2] / depth)
        return xy @ self.matrix[:2, :2].T + self.matrix[:2, 2]

    def undistort(self, xy_px: Array, *, iterations: int = 8) -> Array:
        """(..., 2) pixels to (..., 2) ideal normalised coordinates, by fixed-point iteration."""
        distorted = (xy_px - self.matrix[:2, 2]) @ np.linalg.inv(self.matrix[:2, :2]).T
        ideal = distorted
        for _ in range(iterations):
            ideal = distorted - (self.distort(ideal) - ideal)
        return ideal


@dataclass(frozen=True, eq=False)
class ImuMount:
    """An IMU on a body segment of `skeleton.SEGMENTS`; segment_from_sensor: (3, 3) mounting rotation."""

    name: str
    segment: str
    segment_from_sensor: Array


@dataclass(frozen=True, eq=False)
class Rig:
    """A lab's sensors. depth is the depth camera's colour-aligned view; None without one."""

    name: str
    depth: Camera | None
    cameras: tuple[Camera, ...]
    imus: tuple[ImuMount, ...]

    def camera(self, name: str) -> Camera:
        """Raises InputError when the rig has no camera of that name."""
        for camera in (*self.cameras, *((self.depth,) if self.depth else ())):
            if camera.name == name:
                return camera
        known = ", ".join(c.name for c in self.cameras)
        raise InputError(f"rig '{self.name}' has no camera '{name}'; it has {known}")


def load_rig(name_or_path: str | Path) -> Rig:
    """Read a rig by name (config/rigs/<name>.yaml) or path.

    Raises InputError when the file is absent or not a rig.
    """
    path = Path(name_or_path)
    if not path.suffix:
        path = share_directory() / "config" / "rigs" / f"{name_or_path}.yaml"
    if not path.is_file():
        have = ", ".join(sorted(p.stem for p in (share_directory() / "config" / "rigs").glob("*.yaml")))
        raise InputError(f"no rig at {path}; give a path to a rig YAML or one of: {have}")
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        return _rig_from_dict(data, path.stem)
    except (yaml.YAMLError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path} is not a rig: {error!r}; compare it with config/rigs/lab.yaml") from error


def save_rig(rig: Rig, path: Path) -> None:
    """Write a rig so that `load_rig` reads it back."""
    path.write_text(_as_yaml(rig), encoding="utf-8")


def rig_sha256(rig: Rig) -> str:
    """Hex digest of where its sensors stand and how they see, whatever its name and its file's layout."""
    return hashlib.sha256(_as_yaml(rig).encode()).hexdigest()


def _as_yaml(rig: Rig) -> str:
    data: dict[str, Any] = {"cameras": {c.name: _camera_to_dict(c) for c in rig.cameras}}
    if rig.depth:
        data["depth"] = {rig.depth.name: _camera_to_dict(rig.depth)}
    data["imus"] = {
        m.name: {"segment": m.segment, "segment_from_sensor": m.segment_from_sensor.tolist()} for m in rig.imus
    }
    return str(yaml.safe_dump(data, sort_keys=False))


def look_at(position_m: Array, target_m: Array) -> tuple[Array, Array]:
    """Rotation and translation (world to optical) of an upright camera at a position that looks at a target."""
    ahead = target_m - position_m
    ahead = ahead / np.linalg.norm(ahead)
    right = np.cross(ahead, np.array([0.0, 0.0, 1.0]))
    right /= np.linalg.norm(right)
    rotation = np.stack([right, np.cross(ahead, right), ahead])
    return rotation, -rotation @ position_m


def _rig_from_dict(data: dict[str, Any], name: str) -> Rig:
    depth = [_camera_from_dict(n, d) for n, d in (data.get("depth") or {}).items()]
    cameras = tuple(_camera_from_dict(n, d) for n, d in (data.get("cameras") or {}).items())
    imus = []
    for imu_name, imu in (data.get("imus") or {}).items():
        if imu["segment"] not in SEGMENTS:
            raise ValueError(f"{imu_name}: segment '{imu['segment']}' is none of {', '.join(SEGMENTS)}")
        mount = np.array(imu.get("segment_from_sensor", np.eye(3)), dtype=np.float64).reshape(3, 3)
        imus.append(ImuMount(imu_name, imu["segment"], mount))
    if not depth and not cameras:
        raise ValueError("it has neither a depth camera nor a camera")
    return Rig(name, depth[0] if depth else None, cameras, tuple(imus))


def _camera_from_dict(name: str, data: dict[str, Any]) -> Camera:
    fx, fy, cx, cy = (float(v) for v in data["intrinsics_px"])
    if "look_at_m" in data:
        rotation, translation = look_at(np.array(data["position_m"], float), np.array(data["look_at_m"], float))
    else:
        rotation = np.array(data["rotation"], dtype=np.float64).reshape(3, 3)
        translation = np.array(data["translation_m"], dtype=np.float64).reshape(3)
    return Camera(
        name,
        width_px=int(data["size_px"][0]),
        height_px=int(data["size_px"][1]),
        matrix=np.array([[fx, 0.0, cx], [0.0, fy, cy], [0.0, 0.0, 1.0]]),
        distortion=np.array(data.get("distortion", [0.0] * 5), dtype=np.float64).reshape(5),
        rotation=rotation,
        translation_m=translation,
    )


def _camera_to_dict(camera: Camera) -> dict[str, Any]:
    k = camera.matrix
    return {
        "size_px": [camera.width_px, camera.height_px],
        "intrinsics_px": [float(k[0, 0]), float(k[1, 1]), float(k[0, 2]), float(k[1, 2])],
        "distortion": camera.distortion.tolist(),
        "rotation": camera.rotation.tolist(),
        "translation_m": camera.translation_m.tolist(),
    }
