#!/usr/bin/env python3
"""Writes the installed versions to constraints.txt: `.venv/bin/python scripts/pin_versions.py`.

What pyproject.toml names and nothing here installs (the extra `cluster`) keeps its pin.
"""

import re
from importlib.metadata import distributions, requires
from pathlib import Path

CONSTRAINTS = Path(__file__).resolve().parents[1] / "constraints.txt"

HEAD = "# Every version of the project, in one place. Written by scripts/pin_versions.py; names are in pyproject.toml."

# Only what pip installed: ROS leaves a second record of each of its packages under another name.
pins = {
    (d.metadata["Name"].lower(), d.version.split("+")[0])
    for d in distributions()
    if (d.read_text("INSTALLER") or "").strip() == "pip" and d.metadata["Name"] not in ("pip", "sport_coach")
}
named = {re.split(r"[^\w.-]", requirement)[0].lower() for requirement in requires("sport_coach") or []}
absent = named - {name for name, _ in pins}
kept = (line.split("==") for line in CONSTRAINTS.read_text(encoding="utf-8").splitlines() if "==" in line)
pins |= {(name, version) for name, version in kept if name in absent}
lines = [HEAD, *(f"{name}=={version}" for name, version in sorted(pins))]
CONSTRAINTS.write_text("\n".join(lines) + "\n", encoding="utf-8")
