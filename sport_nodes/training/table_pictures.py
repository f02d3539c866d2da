"""Pictures beside the scorer's tables: marks against scores, shares within an error, and what each module is worth."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
from matplotlib.figure import Figure

from sport_nodes.training.tables import OURS, ST_GCN, Results, variant_words

#: Errors up to which shares are drawn, points.
LARGEST_ERROR: Final = 20.0
_DPI: Final = 120


def draw(results: Results, ablation: list[dict[str, Any]] | None, folder: Path) -> list[Path]:
    """PNG files; their paths in the order in which they belong on a page."""
    folder.mkdir(parents=True, exist_ok=True)
    figures = {"scores_against_marks": _scatter(results), "share_within_an_error": _shares(results)}
    if ablation:
        figures["what_each_module_is_worth"] = _modules(ablation)
    paths = []
    for name, figure in figures.items():
        paths.append(folder / f"{name}.png")
        figure.savefig(paths[-1], dpi=_DPI)
    return paths


def _scatter(results: Results) -> Figure:
    figure = Figure(figsize=(12, 4.0), layout="constrained")
    action = results.test.action[results.first]
    names = results.test.action_names.tolist()
    all_axes = figure.subplots(1, len(names), sharex=True, sharey=True)
    for kind, (name, axes) in enumerate(zip(names, all_axes, strict=True)):
        of = action == kind
        axes.plot([0, 100], [0, 100], color="0.6", linewidth=1)
        axes.scatter(results.marks[of], results.totals[OURS][of], s=8, alpha=0.6)
        axes.set(title=name.replace("_", " "), xlabel="raters' mark", xlim=(0, 100), ylim=(0, 100), aspect="equal")
    all_axes[0].set_ylabel("score")
    figure.suptitle("Unseen simulated people")
    return figure


def _shares(results: Results) -> Figure:
    figure = Figure(figsize=(6.5, 4), layout="constrained")
    axes = figure.subplots()
    limits = np.linspace(0.0, LARGEST_ERROR, 81)
    for name in (OURS, ST_GCN, "ridge", "path_and_speed", "constant"):
        error = np.abs(results.totals[name] - results.marks)
        axes.plot(limits, (error[:, None] <= limits).mean(axis=0), label=name.replace("_", " "))
    axes.set(xlabel="error [points]", ylabel="share of trials within it", xlim=(0, LARGEST_ERROR), ylim=(0, 1))
    axes.set_title("Unseen simulated people")
    axes.grid(alpha=0.3)
    axes.legend()
    return figure


def _modules(ablation: list[dict[str, Any]]) -> Figure:
    figure = Figure(figsize=(7.5, 3.6), layout="constrained")
    axes = figure.subplots()
    labels = [variant_words(row) for row in ablation]
    spread = [r["mae_sd"] or 0.0 for r in ablation]
    axes.barh(labels, [r["mae"] for r in ablation], xerr=spread, capsize=3)
    axes.invert_yaxis()
    axes.set(
        xlabel="MAE [points], mean and spread over seeds", title="Trained without one module each, simulated people"
    )
    return figure
