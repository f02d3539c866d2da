"""The trial report: one HTML file that holds all it needs and loads nothing."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from sport_nodes.report.view import view_of

if TYPE_CHECKING:
    from sport_nodes.assessment import Assessment

_FOLDER: Final = Path(__file__).parent
_TEMPLATE: Final = "report.jinja"


def write_report(assessment: Assessment, path: Path | str) -> Path:
    """Write the report to `path` (folders are made) and return it."""
    file = Path(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(render_report(assessment), encoding="utf-8")
    return file


def render_report(assessment: Assessment) -> str:
    """The report as HTML. All text of the assessment is data: it is escaped, and only the player's script may run."""
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    script = (_FOLDER / "player.js").read_text(encoding="utf-8")
    style = (_FOLDER / "report.css").read_text(encoding="utf-8")
    return environment.get_template(_TEMPLATE).render(
        **view_of(assessment), style=Markup(style), script=Markup(script), policy=_policy(script)
    )


def _policy(script: str) -> str:
    """A Content-Security-Policy under which nothing is loaded and no script runs but this one."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
