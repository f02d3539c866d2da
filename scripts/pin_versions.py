#!/usr/bin/env python3
"""Prints the installed versions as constraints: `.venv/bin/python scripts/pin_versions.py > constraints.txt`."""

from importlib.metadata import distributions

print("# Every version of the project, in one place. Written by scripts/pin_versions.py; names are in pyproject.toml.")
# Only what pip installed: ROS leaves a second record of each of its packages under another name.
pins = {
    (d.metadata["Name"].lower(), d.version.split("+")[0])
    for d in distributions()
    if (d.read_text("INSTALLER") or "").strip() == "pip" and d.metadata["Name"] not in ("pip", "sport_coach")
}
print("\n".join(f"{name}=={version}" for name, version in sorted(pins)))
