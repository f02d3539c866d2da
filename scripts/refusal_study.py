#!/usr/bin/env python3
"""What is refused, and with the right reason: `python scripts/refusal_study.py [--first SEED] [--people N]`.

For each movement of the simulated lab: another movement, two people's data joined at a random instant, half a movement
(its end, or its beginning, missing), an athlete who stands or lies still; and whole movements, which are not to be
refused. Without noise, with 6 mm from frame to frame, and with 6 mm that swings at about 5 Hz. Where there are real
recordings (--real FOLDER), how many of them are refused by their own movement's shipped target, and taken by another's.
Where there is UI-PRMD (--kinect FOLDER), how many of its raw Kinect skeletons are held to be of two people, and how
many of pairs joined: the same exercise by two people in one place.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np

from sport_nodes.actions import action_names
from sport_nodes.io.motion_files import read_motion
from sport_nodes.keyframes.align import align
from sport_nodes.keyframes.features import smooth
from sport_nodes.keyframes.one_person import change_of_person_s
from sport_nodes.keyframes.target import load_target
from sport_nodes.lab.simulate import SimulatedTrial, simulate
from sport_nodes.motion import Motion
from sport_nodes.skeleton import INDEX, JOINT_COUNT
from sport_nodes.training.uiprmd import INDEX as KINECT_INDEX
from sport_nodes.training.uiprmd import Episode, load_episodes

NOISES: dict[str, tuple[float, bool]] = {"none": (0.0, False), "6 mm": (0.006, False), "6 mm, swinging": (0.006, True)}
RATE_HZ = 30.0
STILL_S = 4.0
#: Joined pairs of each exercise, done rightly or wrongly.
KINECT_PAIRS = 20
#: Seeds of the second person, of the other movement, of the instants.
APART = 1_000_000

Case = tuple[str, tuple[str, ...]]  # the action to align with, and words of which the reason must have one


def noisy(motion: Motion, noise: str, seed: int) -> Motion:
    sigma_m, swings = NOISES[noise]
    values = np.random.default_rng(seed).normal(size=(len(motion), motion.positions_m[0].size))
    if swings:
        values = smooth(values, 1.0)
    values *= sigma_m / max(float(values.std()), 1e-9)
    return motion.moved(motion.positions_m + values.reshape(motion.positions_m.shape))


def trial_of(action: str, seed: int, idle_s: float = 1.5) -> SimulatedTrial:
    return simulate(action, seed=seed, rate_hz=RATE_HZ, idle_before_s=idle_s)


def whole(action: str, seed: int) -> Motion:
    return trial_of(action, seed).motion


def another(action: str, seed: int) -> Motion:
    others = [name for name in action_names() if name != action]
    return trial_of(others[seed % len(others)], seed + APART).motion


def joined(action: str, seed: int) -> Motion:
    one, other = (trial_of(action, seed + k * APART).motion for k in (0, 1))
    frames = min(len(one), len(other))
    change = int(np.random.default_rng(seed).integers(round(0.2 * frames), round(0.8 * frames)))
    positions = np.concatenate([one.positions_m[:change], other.positions_m[change:frames]])
    return Motion(one.times_s[:frames], positions)


def half(action: str, seed: int) -> Motion:
    """Without what comes after, or before, the middle between its second and third keyframe; of one repetition."""
    trial = simulate(action, seed=seed, rate_hz=RATE_HZ, repetitions=1)
    times = [k.time_s for k in trial.keyframes]
    middle = 0.5 * (times[1] + times[2])
    first = seed % 2 == 0
    return trial.motion.between(0.0 if first else middle, middle if first else float(trial.motion.times_s[-1]))


def still(action: str, seed: int) -> Motion:
    trial = trial_of(action, seed, STILL_S)
    return trial.motion.between(0.0, float(trial.stage_bounds_s[0, 0]) - 0.1)


CASES: dict[str, tuple[Callable[[str, int], Motion], tuple[str, ...]]] = {
    "whole movement, taken": (whole, ()),
    "another movement": (another, ("looks like this movement", "hardly moves")),
    "two people joined": (joined, ("the body changes",)),
    "half a movement": (half, ("only part", "too short", "looks like this movement")),
    "stillness": (still, ("hardly moves",)),
}


def right(reason: str, words: tuple[str, ...]) -> bool:
    return any(word in reason for word in words) if words else not reason


def study(seeds: range) -> None:
    print(f"{len(seeds)} people of each movement; share with the right answer, for any reason in brackets")
    for case, (make, words) in CASES.items():
        for noise in NOISES:
            row = []
            for action in action_names():
                motions = [noisy(make(action, seed), noise, seed) for seed in seeds]
                reasons = [align(m, load_target(action, m)).reason for m in motions]
                answered = np.mean([bool(r) == bool(words) for r in reasons])
                row.append(f"{action} {np.mean([right(r, words) for r in reasons]):.0%} ({answered:.0%})")
            print(f"  {case:22s} noise {noise:14s} {', '.join(row)}")


def study_real(folder: Path) -> None:
    own: dict[str, list[bool]] = {}
    taken: dict[str, list[bool]] = {}
    for path in sorted(folder.glob("*.csv")):
        motion = read_motion(path)
        done = "free_throw" if path.stem.startswith("free_throw") else "standing_long_jump"
        if done == "standing_long_jump" and "train_jumping_1" not in path.stem and "train_jumping_4" not in path.stem:
            continue
        for action in action_names():
            reason = align(motion, load_target(action, motion)).reason
            (own if action == done else taken).setdefault(done, []).append(bool(reason) == (action != done))
    for done in own:
        print(f"  real {done}: {np.mean(own[done]):.0%} of {len(own[done])} taken as that, ", end="")
        print(f"{np.mean(taken[done]):.0%} of {len(taken[done])} refused as another movement")


def kinect_motion(positions_m: np.ndarray) -> Motion:
    """Of UI-PRMD's (T, 22, 3) joints, where the first frame's waist is over the origin."""
    positions = np.full((len(positions_m), JOINT_COUNT, 3), np.nan)
    for name in INDEX.keys() & KINECT_INDEX.keys():
        positions[:, INDEX[name]] = positions_m[:, KINECT_INDEX[name]]
    start = positions_m[0, KINECT_INDEX["waist"]] * np.array([1.0, 1.0, 0.0])
    return Motion(np.arange(len(positions)) / RATE_HZ, positions - start)


def study_kinect(folder: Path) -> None:
    episodes = [e for e in load_episodes(folder) if len(e.positions_m) >= RATE_HZ]
    alone = [change_of_person_s(kinect_motion(e.positions_m)) is not None for e in episodes]
    print(f"  Kinect, {len(alone)} recordings of one person: {np.mean(alone):.1%} held to be of two")
    rng = np.random.default_rng(0)
    exercises: dict[tuple[str, bool], list[Episode]] = {}
    for episode in episodes:
        exercises.setdefault((episode.movement, episode.incorrect), []).append(episode)
    found = []
    for one_exercise in exercises.values():
        for _ in range(KINECT_PAIRS):
            one = one_exercise[rng.integers(len(one_exercise))]
            others = [e for e in one_exercise if e.person != one.person]
            other = others[rng.integers(len(others))]
            motions = [kinect_motion(e.positions_m) for e in (one, other)]
            frames = min(map(len, motions))
            change = int(rng.integers(round(0.2 * frames), round(0.8 * frames)))
            positions = np.concatenate([motions[0].positions_m[:change], motions[1].positions_m[change:frames]])
            found.append(change_of_person_s(Motion(motions[0].times_s[:frames], positions)) is not None)
    print(f"  Kinect, {len(found)} pairs of people joined: {np.mean(found):.1%} held to be of two")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--first", type=int, default=64000)
    parser.add_argument("--people", type=int, default=50)
    parser.add_argument("--real", type=Path)
    parser.add_argument("--kinect", type=Path)
    options = parser.parse_args()
    study(range(options.first, options.first + options.people))
    if options.real:
        study_real(options.real)
    if options.kinect:
        study_kinect(options.kinect)


if __name__ == "__main__":
    main()
