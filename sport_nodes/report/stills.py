"""Stick figures of single instants, seen from the athlete's right side, as SVG."""

from __future__ import annotations

from typing import Final

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from sport_nodes.body import heading
from sport_nodes.skeleton import INDEX, JOINTS

Array = NDArray[np.float64]

_LIMBS: Final = (
    ("left", ("left_shoulder", "left_elbow", "left_wrist")),
    ("left", ("left_hip", "left_knee", "left_ankle")),
    ("trunk", ("left_shoulder", "right_shoulder", "right_hip", "left_hip", "left_shoulder")),
    ("right", ("right_hip", "right_knee", "right_ankle")),
    ("right", ("right_shoulder", "right_elbow", "right_wrist")),
)
_EARS: Final = [INDEX["left_ear"], INDEX["right_ear"]]
_SHOULDERS: Final = [INDEX["left_shoulder"], INDEX["right_shoulder"]]
_HEAD_RADIUS_M: Final = 0.095
_MARGIN_M: Final = 0.15
_CENTIMETRES: Final = 100.0


class SideView:
    """Draws instants of one motion to a common scale, so that they can be compared side by side."""

    def __init__(self, positions_m: Array) -> None:
        """positions_m: (T, 17, 3) of the whole motion, which gives heading and size."""
        self._forward = heading(positions_m)
        flat = self._project(positions_m)
        seen = flat[np.isfinite(flat).all(axis=2).sum(axis=1) > 0]
        around = np.abs(seen - np.nanmean(seen, axis=1, keepdims=True))[..., 0] if len(seen) else np.ones(1)
        self._half_width = float(np.nanmax(around)) + _MARGIN_M
        self._top = (float(np.nanmax(seen[..., 1])) if len(seen) else 1.0) + _HEAD_RADIUS_M + _MARGIN_M

    def draw(self, positions_m: Array, target_m: Array | None = None) -> Markup:
        """(17, 3) of one instant, and of the target at the same instant where there is one."""
        flat = self._project(positions_m)
        centre = float(np.nanmean(flat[:, 0])) if np.isfinite(flat).any() else 0.0
        figures = []
        if target_m is not None and np.isfinite(target_m).any():
            figures.append(f'<g class="ghost">{_figure(self._project(target_m), centre)}</g>')
        figures.append(_figure(flat, centre))
        width, height = 2 * self._half_width * _CENTIMETRES, (self._top + _MARGIN_M) * _CENTIMETRES
        floor = f'<line x1="{-width / 2:.0f}" x2="{width / 2:.0f}" y1="0" y2="0" class="floor"/>'
        box = f"{-width / 2:.0f} {-self._top * _CENTIMETRES:.0f} {width:.0f} {height:.0f}"
        return Markup(f'<svg class="still" viewBox="{box}" aria-hidden="true">{floor}{"".join(figures)}</svg>')

    def _project(self, positions_m: Array) -> Array:
        return np.stack([positions_m @ self._forward, positions_m[..., 2]], axis=-1)


def _figure(flat: Array, centre_m: float) -> str:
    points = np.stack([flat[:, 0] - centre_m, -flat[:, 1]], axis=-1) * _CENTIMETRES
    seen = {name: points[i] for i, name in enumerate(JOINTS) if np.isfinite(points[i]).all()}
    parts = []
    for css, limb in _LIMBS:
        corners = " ".join(f"{seen[j][0]:.1f},{seen[j][1]:.1f}" for j in limb if j in seen)
        parts.append(f'<polyline points="{corners}" class="{css}"/>')
    # Recordings without ears have a nose at best.
    ears = points[_EARS].mean(axis=0)
    head = ears if np.isfinite(ears).all() else points[INDEX["nose"]]
    neck = points[_SHOULDERS].mean(axis=0)
    if np.isfinite(head).all():
        parts.append(
            f'<circle cx="{head[0]:.1f}" cy="{head[1]:.1f}" r="{_HEAD_RADIUS_M * _CENTIMETRES:.0f}" class="trunk"/>'
        )
        if np.isfinite(neck).all():
            toward = (neck - head) / max(1e-9, float(np.linalg.norm(neck - head)))
            chin = head + toward * _HEAD_RADIUS_M * _CENTIMETRES
            parts.append(
                f'<line x1="{chin[0]:.1f}" y1="{chin[1]:.1f}" x2="{neck[0]:.1f}" y2="{neck[1]:.1f}" class="trunk"/>'
            )
    return "".join(parts)
