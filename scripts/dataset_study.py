#!/usr/bin/env python3
"""Data sets at size: `python scripts/dataset_study.py FOLDER --trials 10000` makes simulated, marked trials and builds.

`--only-store` stops after the bags: a store to try `sport dataset build` and `sport train --data` on. The bags hold the
finished trial (`/motion/trial`), which is all that a data set reads. Every hundredth bag is damaged.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np

from sport_nodes import topics
from sport_nodes.actions import action_names
from sport_nodes.io import bag_messages as messages
from sport_nodes.io.bag import BagWriter
from sport_nodes.labels import add_label, make_label
from sport_nodes.scoring.sidecar import file_sha256
from sport_nodes.training.dataset import build_dataset
from sport_nodes.training.sensor_like import CONDITIONS, as_measured
from sport_nodes.training.simulated import TrialSpec, simulated_trial

EPOCH_S = 1_700_000_000.0
RATERS = ("Ana", "Bo", "Wei")
DAMAGED_EVERY = 100
#: So many movements are simulated; more trials are the same ones, shifted in space and time.
DISTINCT = 100
TRIALS_PER_PERSON = 4


def write_store(store: Path, *, trials: int, actions: list[str], seed: int, damage: bool) -> None:
    """trials bags under <store>/<athlete>/<trial>/bag, with three raters' labels beside them."""
    made = []
    for number in range(min(trials, DISTINCT)):
        person = number // TRIALS_PER_PERSON
        spec = TrialSpec(person, number, actions[number % len(actions)], seed)
        trial = simulated_trial(spec, np.random.default_rng((seed, number)))
        begin_s, end_s = trial.stage_bounds_s[0, 0] - 0.3, trial.stage_bounds_s[-1, -1] + 0.3
        rng = np.random.default_rng((seed, number, 1))
        motion = as_measured(trial.motion.between(float(begin_s), float(end_s)), CONDITIONS["default"], rng=rng)
        made.append((spec, trial, motion))
    for number in range(trials):
        spec, trial, motion = made[number % len(made)]
        athlete = f"p{number // TRIALS_PER_PERSON:05d}"
        folder = store / athlete / f"t{number:06d}"
        folder.mkdir(parents=True)
        moved = motion.moved(motion.positions_m + 1e-3 * (number // len(made)), motion.times_s)
        begin_s = EPOCH_S + 10.0 * number
        message = messages.trial_motion_message(
            moved, begin_s=begin_s, trial=folder.name, action=spec.action, athlete=athlete
        )
        with BagWriter(folder / "bag") as writer:
            writer.write(topics.MOTION_TRIAL, message, begin_s)
        if damage and number % DAMAGED_EVERY == 0:
            bag = next((folder / "bag").glob("*.mcap"))
            bag.write_bytes(bag.read_bytes()[: bag.stat().st_size // 2])
        for rater, given in zip(RATERS, trial.rater_marks, strict=True):
            label = make_label(rater=rater, total=given[-1], stages=given[:-1], when="2026-01-01T00:00:00+00:00")
            add_label(folder, label)


def contents(dataset: Path) -> dict[str, str]:
    """SHA-256 of every file."""
    return {path.name: file_sha256(path) for path in sorted(dataset.iterdir())}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--trials", type=int, default=10000)
    parser.add_argument("--action", action="append", choices=action_names(), help="may be repeated (default: all)")
    parser.add_argument("--seed", type=int, default=9000)
    parser.add_argument("--ray", action="store_true", help="build on a Ray of this machine too")
    parser.add_argument("--only-store", action="store_true")
    options = parser.parse_args()
    actions = options.action or list(action_names())
    store = options.folder / "store"
    write_store(store, trials=options.trials, actions=actions, seed=options.seed, damage=not options.only_store)
    if options.only_store:
        return
    parts = sorted(store.iterdir())
    for share in (0.25, 0.5, 1.0):
        chosen = parts[: int(len(parts) * share)]
        began = time.perf_counter(), time.process_time()
        built = build_dataset(chosen, options.folder / f"one_{share}")
        wall_s, cpu_s = time.perf_counter() - began[0], time.process_time() - began[1]
        bags = built.trials + len(built.left_out)
        print(
            f"{bags} bags, one process: {wall_s:.1f} s, {bags / wall_s:.0f} bags a second, {bags / cpu_s:.0f} a second "
            f"of one core; {len(built.left_out)} damaged ones named"
        )
    ways: dict[str, dict[str, Any]] = {"two processes": {"processes": 2}}
    if options.ray:
        ways["a local Ray"] = {"ray_address": "local"}
    for name, how in ways.items():
        output = options.folder / name.replace(" ", "_")
        began_s = time.perf_counter()
        build_dataset(parts, output, **how)
        same = "the same bytes" if contents(output) == contents(options.folder / "one_1.0") else "OTHER BYTES"
        print(f"{name}: {time.perf_counter() - began_s:.1f} s, {same}")
    began_s = time.perf_counter()
    again = build_dataset(parts, options.folder / "one_1.0")
    print(f"again, with nothing changed: {time.perf_counter() - began_s:.1f} s, {again.built} built")


if __name__ == "__main__":
    main()
