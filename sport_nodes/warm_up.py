"""Compiles every numba function ahead of time, into the cache beside the sources: `python -m sport_nodes.warm_up`.

Set-up runs it, so that neither the first live frame nor the first trial waits for a compiler.
"""

from __future__ import annotations

from pathlib import Path

from sport_nodes.diagnosis.diagnose import diagnose
from sport_nodes.fusion.warm_up import warm_up as warm_up_fusion
from sport_nodes.keyframes.align import align
from sport_nodes.keyframes.live import LiveKeyframes
from sport_nodes.keyframes.target import load_target
from sport_nodes.rig import load_rig


def main() -> None:
    """One small movement through each room that has compiled functions."""
    forget_compiled(Path(__file__).parent)
    warm_up_fusion(load_rig("lab"))
    target = load_target("standing_long_jump")
    live = LiveKeyframes(target)
    for time_s, positions_m in zip(target.motion.times_s, target.motion.positions_m, strict=True):
        live.push(float(time_s), positions_m)
    diagnose(target.motion, align(target.motion, target), target.action, target)


def forget_compiled(package: Path) -> None:
    """Remove what is compiled: numba looks for changes in a function's own file, not in those that it calls into."""
    for file in package.rglob("__pycache__/*.nb[ic]"):
        file.unlink()


if __name__ == "__main__":
    main()
