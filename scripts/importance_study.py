#!/usr/bin/env python3
"""Does what is said to matter move the score? The published importance and the network's own attention, put to tests.

Over whole simulated movements: rank correlation (Spearman) over joints and over parts of the movement with integrated
gradients (Sundararajan et al. 2017) along the path from no joint seen to all; and how far the score moves when the
three joints that are said to matter most are hidden. `python scripts/importance_study.py [--movements N]`.
"""

import argparse

import numpy as np
from scipy.stats import spearmanr

from sport_nodes.lab.simulate import simulate
from sport_nodes.scoring.importance import GROUPS, PARTS, shares_of_importance
from sport_nodes.scoring.scorer import Scorer
from sport_nodes.skeleton import JOINT_COUNT

#: Places on the integrated path, and the step of the derivative there.
PLACES = (np.arange(16) + 0.5) / 16
STEP = 0.02
HIDDEN = 3
DRAWS = 8


class Movement:
    """One movement of which parts can be hidden."""

    def __init__(self, scorer: Scorer, action: str, seed: int) -> None:
        motion = simulate(action, seed=seed, rate_hz=30.0, repetitions=1 if action == "sit_up" else None).motion
        self._scorer = scorer
        self.inputs = scorer.network_inputs(scorer.examine(motion, action).repetitions[:1], action)
        self.outputs = scorer.network_outputs(self.inputs)
        self.mask = self.inputs["mask"][0]

    def scores(self, masks: list) -> np.ndarray:
        """Of the movement as each mask shows it."""
        rows = {name: np.repeat(values, len(masks), axis=0) for name, values in self.inputs.items()}
        found = self._scorer.network_outputs(rows | {"mask": np.asarray(masks, dtype=np.float32)})
        return found["score"].astype(float)

    def gradients(self, shown: list) -> np.ndarray:
        """Integrated gradient of the score along each direction of the mask."""
        total = np.zeros(len(shown))
        for place in PLACES:
            ends = [place * self.mask + sign * STEP * one for one in shown for sign in (1.0, -1.0)]
            up, down = self.scores(ends).reshape(-1, 2).T
            total += (up - down) / (2.0 * STEP * len(PLACES))
        return total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--movements", type=int, default=25, help="of each action")
    parser.add_argument("--first", type=int, default=61_000, help="seed of the first")
    options = parser.parse_args()
    scorer, rng = Scorer.load(), np.random.default_rng(0)
    ranks: dict = {(who, what): [] for who in ("published", "attention") for what in ("joints", "parts")}
    moved: dict = {"published": [], "attention": [], "any three": []}
    sums = []
    for action in scorer.actions:
        for seed in range(options.first, options.first + options.movements):
            one = Movement(scorer, action, seed)
            joints, frames = shares_of_importance(scorer.network_outputs, one.inputs, one.outputs["score"])
            length = frames.shape[1]
            parts = np.array_split(np.arange(length), PARTS)
            by_joint = [np.zeros_like(one.mask) for _ in GROUPS]
            for mask, group in zip(by_joint, GROUPS, strict=True):
                mask[list(group)] = one.mask[list(group)]
            by_part = [one.mask * np.isin(np.arange(length), part) for part in parts]
            gradients = {"joints": one.gradients(by_joint), "parts": one.gradients(by_part)}
            none = float(one.scores([np.zeros_like(one.mask)])[0])
            sums.append(abs(gradients["joints"].sum() - (float(one.outputs["score"][0]) - none)))
            said = {
                "published": (joints, frames[0]),
                "attention": (one.outputs["joint_importance"][0], one.outputs["frame_importance"][0]),
            }
            for who, (of_joints, of_frames) in said.items():
                grouped = {
                    "joints": [of_joints[list(group)].sum() for group in GROUPS],
                    "parts": [of_frames[part].sum() for part in parts],
                }
                for what, values in grouped.items():
                    ranks[who, what].append(spearmanr(values, np.abs(gradients[what])).statistic)
                top = np.argsort(-of_joints)[:HIDDEN]
                moved[who].append(_moved(one, [top]))
            drawn = [rng.permutation(JOINT_COUNT)[:HIDDEN] for _ in range(DRAWS)]
            moved["any three"].append(_moved(one, drawn))
    count = len(sums)
    print(f"{count} simulated movements; scorer {scorer.identity}")
    print(f"integrated gradients sum to the whole difference to within {np.median(sums):.2f} points (median)")
    for (who, what), found in ranks.items():
        print(f"{who:10s} {what:7s} rank correlation with integrated gradients {np.nanmean(found):+.2f}")
    for who, points in moved.items():
        print(f"{HIDDEN} joints hidden, {who:10s}: the score moves by {np.mean(points):.1f} points")


def _moved(one: Movement, chosen: list) -> float:
    masks = []
    for joints in chosen:
        masks.append(one.mask.copy())
        masks[-1][joints] = 0.0
    return float(np.abs(one.scores(masks) - one.outputs["score"][0]).mean())


if __name__ == "__main__":
    main()
