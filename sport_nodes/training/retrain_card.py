"""The page that says what a model trained on recorded trials is, and whether it takes the present one's place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sport_nodes.training.promotion import LARGEST_LOSS

_METRICS = ("mae", "rmse", "srcc", "acc5", "acc10")


def retrain_card(identity: str, config: dict[str, Any], report: dict[str, Any], recorded: Sequence[str]) -> str:
    """Markdown. recorded: the movements trained and tested on recorded people; the others are simulated."""
    judged, simulated = report["promotion"], sorted(set(report["per_action"]) - set(recorded))
    verdict = "**Promoted.**" if not judged["reasons"] else "**Not promoted.** " + "; ".join(judged["reasons"]) + "."
    lines = [
        f"# Model card: {identity}",
        "",
        f"Trained on recorded, marked trials of {', '.join(recorded)}"
        + (f"; {', '.join(simulated)}: simulated people stand in." if simulated else "."),
        "Stage boundaries, which nobody marks, are those of the model before.",
        "",
        f"## Against {report['present']}, on the same test people",
        f"{verdict} Change of the mean error: {judged['difference']:+.2f} points "
        f"(95 % interval over people {judged['low']:+.2f} to {judged['high']:+.2f}); below zero is better. No movement "
        f"and no height band may lose more than {LARGEST_LOSS:.1f} points:",
        "",
        *(f"- {name}: {change:+.2f}" for name, change in judged["bands"].items()),
        "",
        f"## Figures on {report['trials']} trials of {report['people']['test']} people never seen",
        "| | MAE | RMSE | SRCC | within 5 | within 10 |",
        "|---|---|---|---|---|---|",
        _row("this network", report["ours"]),
        *(_row(name.replace("_", " "), figures) for name, figures in report["baselines"].items()),
        *(_row(f"this network, {name}", figures) for name, figures in report["per_action"].items()),
        "",
        f"90 % intervals hold {report['intervals']['coverage']:.1%} of the marks at a mean width of "
        f"{report['intervals']['mean_width']:.1f} points. Training {report['people']['training']} people, validation "
        f"{report['people']['validation']}.",
        "",
        f"Data set SHA-256 `{report['data_sha256']}`. "
        + ", ".join(f"{name} {value}" for name, value in config.items() if value not in ("", None))
        + ".",
        "",
    ]
    return "\n".join(lines)


def _row(name: str, figures: dict[str, float]) -> str:
    mae, rmse, srcc, acc5, acc10 = (figures[m] for m in _METRICS)
    return f"| {name} | {mae:.2f} | {rmse:.2f} | {srcc:.3f} | {acc5:.1%} | {acc10:.1%} |"
