"""Depth images of a body of capsules, by the rays of a camera's pixels, and which joints are covered in them."""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.rig import Camera
from sport_nodes.skeleton import INDEX

Array = NDArray[np.float64]

STATURE_M: Final = 1.72
#: A joint belongs to the shapes that it lies in, or at most this far outside of; another one covers it from this far
#: in front of them on.
OWN_M: Final = 0.03
IN_FRONT_M: Final = 0.03
FACE: Final = [INDEX["nose"], INDEX["left_eye"], INDEX["right_eye"]]
#: Limb radii of the drawn body; the trunk is two capsules side by side, the head a ball.
RADII_M: Final = {"upper_arm": 0.048, "forearm": 0.036, "thigh": 0.078, "shank": 0.05, "trunk": 0.11, "head": 0.10}


def rotation(axis: str, angle_deg: float) -> Array:
    c, s = np.cos(np.deg2rad(angle_deg)), np.sin(np.deg2rad(angle_deg))
    i = "xyz".index(axis)
    j, k = (i + 1) % 3, (i + 2) % 3
    matrix = np.eye(3)
    matrix[j, j], matrix[j, k], matrix[k, j], matrix[k, k] = c, -s, s, c
    return matrix


def posed_joints(rng: np.random.Generator, *, heading_deg: float) -> Array:
    """(17, 3) joints of a person in a random sporting pose, feet near the floor, facing heading_deg from +x."""
    joints = np.full((17, 3), np.nan)
    h = STATURE_M
    down = np.array([0.0, 0.0, -1.0])
    lean = rotation("y", rng.uniform(0, 35))
    hips = np.array([0.0, 0.0, 0.85])
    chest = hips + lean @ [0.0, 0.0, 0.288 * h]
    for side, sign in (("left", 1.0), ("right", -1.0)):
        hip = hips + np.array([0.0, sign * 0.0955 * h, 0.0])
        flexion, knee_bend = rng.uniform(-20, 80), rng.uniform(5, 90)
        knee = hip + rotation("y", -flexion) @ down * 0.245 * h
        ankle = knee + rotation("y", -flexion + knee_bend) @ down * 0.246 * h
        shoulder = chest + lean @ [0.0, sign * 0.1295 * h, 0.0]
        raised, spread, elbow_bend = rng.uniform(-40, 170), rng.uniform(5, 40), rng.uniform(5, 110)
        arm = lean @ rotation("y", -raised) @ rotation("x", sign * spread)
        elbow = shoulder + arm @ down * 0.186 * h
        wrist = elbow + arm @ rotation("y", -elbow_bend) @ down * 0.146 * h
        eye = chest + lean @ [0.09, sign * 0.03, 0.17 * h * 0.8]
        ear = chest + lean @ [0.0, sign * 0.075, 0.16 * h * 0.8]
        parts = {"hip": hip, "knee": knee, "ankle": ankle, "shoulder": shoulder, "elbow": elbow, "wrist": wrist}
        for name, position in {**parts, "eye": eye, "ear": ear}.items():
            joints[INDEX[f"{side}_{name}"]] = position
    joints[INDEX["nose"]] = chest + lean @ [0.11, 0.0, 0.15 * h * 0.8]
    return joints @ rotation("z", heading_deg).T


def capsules(joints: Array) -> list[tuple[Array, Array, float]]:
    j = {name: joints[i] for name, i in INDEX.items()}
    shapes = []
    for side in ("left", "right"):
        other = "right" if side == "left" else "left"
        for name, a, b in (
            ("upper_arm", "shoulder", "elbow"),
            ("forearm", "elbow", "wrist"),
            ("thigh", "hip", "knee"),
            ("shank", "knee", "ankle"),
        ):
            shapes.append((j[f"{side}_{a}"], j[f"{side}_{b}"], RADII_M[name]))
        inward = 0.25 * (j[f"{other}_shoulder"] - j[f"{side}_shoulder"])
        shapes.append((j[f"{side}_shoulder"] + inward, j[f"{side}_hip"] + 0.6 * inward, RADII_M["trunk"]))
    head = 0.5 * (j["left_ear"] + j["right_ear"])
    shapes.append((head, head, RADII_M["head"]))
    return shapes


def render_depth(joints: Array, camera: Camera, *, background_m: float = 5.5) -> Array:
    """(H, W) depth along the optical axis [m] of the capsule body before a wall that faces the camera."""
    rays = _rays(camera)
    depth = np.full(rays.shape[:2], background_m)
    for a, b, radius in capsules(joints):
        begin, end = camera.to_optical(a), camera.to_optical(b)
        corners = np.array([p + radius * 1.3 * (np.array(d) - 1.0) for p in (begin, end) for d in np.ndindex(3, 3, 3)])
        pixels = corners[:, :2] / corners[:, 2:] * camera.matrix[0, 0] + camera.matrix[:2, 2]
        (x0, y0), (x1, y1) = np.clip([pixels.min(0), pixels.max(0) + 1], 0, [camera.width_px, camera.height_px])
        part = np.s_[int(y0) : int(y1), int(x0) : int(x1)]
        seen = rays[part].reshape(-1, 3)
        hits = [_ball(seen, begin, radius), _ball(seen, end, radius), _cylinder(seen, begin, end, radius)]
        depth[part] = np.fmin(depth[part], np.fmin.reduce(hits).reshape(depth[part].shape))
    return depth.astype(np.float32)


def covered_joints(joints: Array, camera: Camera, depth: Array) -> Array:
    """(17,) joints at whose pixel another limb is drawn than one the joint belongs to, the face's also by the head."""
    optical = camera.to_optical(joints)
    pixels = np.rint(camera.project(joints)).astype(int)
    rays = np.concatenate([camera.undistort(pixels.astype(float)), np.ones((17, 1))], axis=1)
    own = np.full(17, np.inf)
    for a, b, radius in capsules(joints):
        begin, end = camera.to_optical(a), camera.to_optical(b)
        line = end - begin
        for joint, place in enumerate(optical):
            along = np.clip((place - begin) @ line / max(line @ line, 1e-9), 0.0, 1.0)
            if np.linalg.norm(place - begin - along * line) < radius + OWN_M:
                ray = rays[joint : joint + 1]
                hits = [_ball(ray, begin, radius), _ball(ray, end, radius), _cylinder(ray, begin, end, radius)]
                own[joint] = np.fmin(own[joint], np.fmin.reduce(hits)[0])
    # A joint whose ray passes beside its own shapes, and a feature of the face, lie where they lie.
    own = np.where(np.isinf(own), optical[:, 2], own)
    own[FACE] = optical[FACE, 2] - OWN_M
    return np.asarray(depth[pixels[:, 1], pixels[:, 0]] < own - IN_FRONT_M)


@cache
def _rays(camera: Camera) -> Array:
    rows, columns = np.mgrid[0 : camera.height_px, 0 : camera.width_px]
    ideal = camera.undistort(np.stack([columns, rows], axis=-1).astype(float))
    return np.concatenate([ideal, np.ones((*ideal.shape[:2], 1))], axis=-1)


def _ball(rays: Array, center: Array, radius: float) -> Array:
    a, b, c = (rays**2).sum(1), rays @ center, center @ center - radius**2
    with np.errstate(invalid="ignore"):
        return (b - np.sqrt(b * b - a * c)) / a


def _cylinder(rays: Array, begin: Array, end: Array, radius: float) -> Array:
    length = np.linalg.norm(end - begin)
    if length == 0.0:
        return np.full(len(rays), np.nan)
    axis = (end - begin) / length
    along, start = rays @ axis, begin @ axis
    across, center = rays - along[:, None] * axis, begin - start * axis
    a, b, c = (across**2).sum(1), across @ center, center @ center - radius**2
    with np.errstate(invalid="ignore", divide="ignore"):
        t = (b - np.sqrt(b * b - a * c)) / a
        place = t * along - start
    return np.where((place >= 0) & (place <= length), t, np.nan)
