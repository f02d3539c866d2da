"""Runs the whole path of the data once, so that the first trial does not wait for compilers."""

from __future__ import annotations

from sport_nodes.fusion.fuse import fuse_trial
from sport_nodes.fusion.live import LiveFusion
from sport_nodes.lab.observe import observe
from sport_nodes.lab.recording import recording_from_events
from sport_nodes.lab.simulate import simulate
from sport_nodes.rig import Rig
from sport_nodes.sync.align import align_recording

#: Long enough for the fusion to learn limb lengths and mountings once [s].
WARM_UP_S = 1.0


def warm_up(rig: Rig) -> None:
    """A second of a simulated athlete who stands, aligned and fused both live and as a whole."""
    motion = simulate("standing_long_jump", seed=0).motion.between(0.0, WARM_UP_S)
    aligned = align_recording(recording_from_events(observe(motion, rig, seed=0)), rig)
    live = LiveFusion(rig)
    for index in range(len(aligned)):
        live.step(aligned.frame(index))
    fuse_trial(aligned, rig)
