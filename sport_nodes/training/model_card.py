"""The page that says what a trained model is, how good it is, and what it is not."""

from __future__ import annotations

from typing import Any

from sport_nodes.scoring.intervals import UNCOUNTED_JOINTS
from sport_nodes.training.cost import PAPER_OPERATIONS, PAPER_PARAMETERS, NetworkCost

_METRICS = ("mae", "rmse", "srcc", "acc5", "acc10")


def model_card(
    *, identity: str, config: dict[str, Any], data_sha256: str, cost: NetworkCost, report: dict[str, Any]
) -> str:
    """Markdown, from figures of this run only."""
    dead = report["dead_joint"]
    worst = dead["worst"]
    lines = [
        f"# Model card: {identity}",
        "",
        "Scores four movements (standing long jump, free throw, overhead pass, sit-up) from 17 joints in 3D: total,",
        "four stage marks with their boundaries, grade probabilities. **Trained and tested on simulated people only**:",
        "no public recordings of these movements carry human marks. The marks are a documented rubric seen by three",
        "simulated raters. A score of a real person says how the movement looks by that rubric, no more.",
        "",
        "## Figures on unseen simulated people",
        f"{report['trials']} trials of {report['people']['test']} people "
        f"(training {report['people']['training']}, validation {report['people']['validation']} others).",
        "",
        "| | MAE | RMSE | SRCC | within 5 | within 10 |",
        "|---|---|---|---|---|---|",
        _row("this network", report["ours"]),
        *(_row(name.replace("_", " "), figures) for name, figures in report["baselines"].items()),
        *(_row(f"this network, {name}", figures) for name, figures in report["per_action"].items()),
        *(_row(f"this network, {name} m tall", figures) for name, figures in report["per_height_m"].items()),
        *(_row(f"this network, {name} skeletons", figures) for name, figures in report["per_source"].items()),
        *(_row(f"this network, condition {name}", figures) for name, figures in report["per_condition"].items()),
        "",
        f"95 % bootstrap interval of the MAE over people: {report['ours']['mae_low']:.2f} to "
        f"{report['ours']['mae_high']:.2f}. The raters' mean is itself off the rubric by "
        f"{report['raters_off_rubric_mae']:.2f} points, a floor for every model.",
        f"Stage marks: MAE {_joined(report['stage_mae'])} points. Stage boundaries: mean error "
        f"{_joined(report['boundary_mae_s'])} s.",
        f"90 % intervals hold {report['intervals']['coverage']:.1%} of the marks at a mean width of "
        f"{report['intervals']['mean_width']:.1f} points. With one joint dead all along, the worst is {worst}: "
        f"MAE {dead['mae'][worst]:.2f} against {dead['mae']['none']:.2f} with all joints "
        f"(the constant's is {report['baselines']['constant']['mae']:.2f}). Intervals then widen by "
        f"{dead['widening'][worst]:.2f}, and for any other joint from the nose down by "
        f"{min(f for n, f in dead['widening'].items() if n not in UNCOUNTED_JOINTS):.2f} at least.",
        "",
        "## Size",
        f"{cost.parameters / 1e6:.2f} M parameters and {cost.multiply_adds / 1e9:.3f} G multiply-adds "
        f"({2 * cost.multiply_adds / 1e9:.2f} GFLOPs) for 90 frames of 17 joints. The founding paper states "
        f"{PAPER_PARAMETERS / 1e6:.2f} M and {PAPER_OPERATIONS / 1e9:.2f} GFLOPs for layers of these widths. Its text",
        "leaves open the widths inside the temporal branches (here a quarter of the block's channels each), whether",
        "the graph's attention is per frame (here per movement), and the regressors' sizes; nothing was padded.",
        "",
        "## How it was made",
        f"Data SHA-256 `{data_sha256}`. Configuration: "
        + ", ".join(f"{name} {value}" for name, value in config.items() if value not in ("", None))
        + ".",
        *(
            ["Training began with the weights of an earlier run, on people simulated apart."]
            if config["start_from"]
            else []
        ),
        "Checkpoint chosen on the validation people; intervals calibrated on them too; test people used once.",
        "",
    ]
    return "\n".join(lines)


def _row(name: str, figures: dict[str, float]) -> str:
    mae, rmse, srcc, acc5, acc10 = (figures[m] for m in _METRICS)
    return f"| {name} | {mae:.2f} | {rmse:.2f} | {srcc:.3f} | {acc5:.1%} | {acc10:.1%} |"


def _joined(values: list[float]) -> str:
    return ", ".join(f"{value:.2f}" for value in values)
