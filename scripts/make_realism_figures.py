"""Draw docs/figures/realism_*.png and movements.png (matplotlib): python scripts/make_realism_figures.py MOTIONS."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from sport_nodes.io.motion_files import read_motion
from sport_nodes.lab.realism import EVENTS, SAMPLES, WINDOWS_S, angle_courses, compare
from sport_nodes.lab.simulate import SimulatedTrial, simulate
from sport_nodes.skeleton import EDGES

FIGURES = Path(__file__).parents[1] / "docs" / "figures"
ANGLES = ("right_knee", "right_hip", "trunk_lean", "right_shoulder", "right_elbow", "left_elbow")
TRIALS = 100
STEP_M = {"standing_long_jump": 0.75, "free_throw": 0.9, "overhead_pass": 0.9, "sit_up": 1.5}


def real_courses(folder: Path, action: str) -> list[dict[str, np.ndarray]]:
    """Courses of the real recordings of an action."""
    courses = []
    for name, truth in json.loads((folder / "truth.json").read_text()).items():
        if action == "free_throw" and name.startswith("free_throw"):
            event_s = truth["release_s"]
        elif action == "standing_long_jump" and name in ("cmu_train_jumping_1", "cmu_train_jumping_4"):
            event_s = truth["flights_s"][0][0]
        else:
            continue
        courses.append(angle_courses(read_motion(folder / f"{name}.csv"), event_s=event_s, action=action))
    return courses


def simulated_courses(action: str) -> list[dict[str, np.ndarray]]:
    """Courses of TRIALS simulated movements without a fault."""
    courses = []
    for seed in range(TRIALS):
        trial = simulate(action, seed=seed)
        event_s = next(k.time_s for k in trial.keyframes if k.name == EVENTS[action])
        courses.append(angle_courses(trial.motion, event_s=event_s, action=action))
    return courses


def draw_comparison(action: str, folder: Path) -> None:
    """One figure of joint angles, real beside simulated, and the distances on standard output."""
    real, simulated = real_courses(folder, action), simulated_courses(action)
    result = compare(real, simulated)
    print(
        f"{action}: nearest neighbour, median: real to real {np.median(result.real_to_real):.1f} deg, "
        f"simulated to real {np.median(result.simulated_to_real):.1f} deg"
    )
    print("  inside the real band:", {k: round(v, 2) for k, v in result.coverage.items()})
    window = np.linspace(*WINDOWS_S[action], SAMPLES)
    figure, axes = plt.subplots(2, 3, figsize=(10, 5), sharex=True)
    for axis, name in zip(axes.ravel(), ANGLES, strict=True):
        for courses, colour, label in ((simulated, "tab:blue", "simulated"), (real, "tab:orange", "real")):
            values = np.stack([c[name] for c in courses])
            low, high = np.nanpercentile(values, [5, 95], axis=0)
            axis.fill_between(window, low, high, color=colour, alpha=0.3, label=f"{label}, 5 to 95 %")
            axis.plot(window, np.nanmean(values, axis=0), color=colour)
        axis.axvline(0.0, color="0.6", lw=0.8)
        axis.set_title(name.replace("_", " "), fontsize=9)
        axis.tick_params(labelsize=8)
    axes[0, 0].legend(fontsize=7)
    axes[1, 1].set_xlabel(f"seconds from {EVENTS[action].replace('_', ' ')}")
    for axis in axes[:, 0]:
        axis.set_ylabel("degrees")
    figure.tight_layout()
    figure.savefig(FIGURES / f"realism_{action}.png", dpi=80)
    plt.close(figure)


def draw_strip(axis: plt.Axes, trial: SimulatedTrial) -> None:
    """Stick figures from the side through the first repetition."""
    bounds = trial.stage_bounds_s[0]
    end = min(bounds[-1], trial.keyframes[3].time_s + 0.5)
    for i, time_s in enumerate(np.linspace(bounds[0], end, 14)):
        frame = trial.motion.positions_m[np.argmin(np.abs(trial.motion.times_s - time_s))]
        for a, b in EDGES:
            axis.plot(frame[[a, b], 0] + i * STEP_M[trial.action], frame[[a, b], 2], color="tab:blue", lw=1)
    axis.axhline(0.0, color="0.5", lw=0.6)
    axis.set_aspect("equal")
    axis.set_title(trial.action.replace("_", " "), fontsize=9)
    axis.axis("off")


def main() -> None:
    """Draw all figures."""
    for action in WINDOWS_S:
        draw_comparison(action, Path(sys.argv[1]))
    figure, axes = plt.subplots(4, 1, figsize=(10, 8))
    for axis, action in zip(axes, STEP_M, strict=True):
        draw_strip(axis, simulate(action, seed=5))
    figure.tight_layout()
    figure.savefig(FIGURES / "movements.png", dpi=70)


if __name__ == "__main__":
    main()
