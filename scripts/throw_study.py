#!/usr/bin/env python3
"""Release of real free throws against their recorded ball: `python scripts/throw_study.py ../shared/data/motions`.

One throw as the target (`--target free_throw_T0001`), or the shipped simulated one.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

from sport_nodes.io.motion_files import read_motion
from sport_nodes.keyframes.align import align
from sport_nodes.keyframes.target import load_target, make_target

WITHIN_S = 0.067  # two frames of the recordings


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("motions", type=Path)
    parser.add_argument("--target", default="", help="name of the throw to align with (default: the shipped target)")
    options = parser.parse_args()
    truth = json.loads((options.motions / "truth.json").read_text(encoding="utf-8"))
    throws = sorted(name for name, what in truth.items() if "release_s" in what and name != options.target)
    target = load_target("free_throw")
    if options.target:
        throw = read_motion(options.motions / f"{options.target}.csv")
        known = {k.name: k.time_s for k in align(throw, target).keyframes}
        target = make_target([throw], "free_throw", keyframes=known | {"release": truth[options.target]["release_s"]})
    errors_s, refused = [], 0
    for name in throws:
        alignment = align(read_motion(options.motions / f"{name}.csv"), target)
        found = [k.time_s for k in alignment.keyframes if k.name == "release"]
        refused += not found
        errors_s += [abs(found[0] - truth[name]["release_s"])] if found else []
    errors = np.array(errors_s)
    print(f"{len(throws)} throws, {refused} refused; release off by {1e3 * np.median(errors):.0f} ms (median),")
    print(f"{(errors <= WITHIN_S).mean():.0%} within {1e3 * WITHIN_S:.0f} ms")


if __name__ == "__main__":
    main()
