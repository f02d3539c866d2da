"""Brings all sensors onto one time, fuses them, and tells trials from rest."""

from __future__ import annotations

import math
from datetime import datetime, timezone
from typing import Any

import numpy as np
from sport_coach.msg import MotionFrame, Skeleton3D, SyncReport, Trial, TrialMotion
from sport_coach.srv import SelectAthlete, StartTrial, StopTrial

from sport_nodes import topics
from sport_nodes.actions import load_action
from sport_nodes.errors import InputError
from sport_nodes.fusion.associate import choose_by_reference
from sport_nodes.fusion.live import LiveFusion
from sport_nodes.fusion.warm_up import warm_up
from sport_nodes.measurements import AlignedTrial
from sport_nodes.nodes import conversions, qos
from sport_nodes.nodes.background import Background, one_process
from sport_nodes.nodes.base import SportNode
from sport_nodes.nodes.health import OK, WARN
from sport_nodes.nodes.run import run_node
from sport_nodes.nodes.sensor_inputs import SensorInputs
from sport_nodes.nodes.transforms import TF, TransformSender, transform
from sport_nodes.nodes.trial_fusion import FusedTrial, TrialFusion
from sport_nodes.rig import load_rig
from sport_nodes.skeleton import INDEX
from sport_nodes.store import checked_name
from sport_nodes.sync.latency import with_latencies
from sport_nodes.sync.live import LiveAligner
from sport_nodes.sync.recent import RecentSamples
from sport_nodes.sync.trial_detector import LONGEST_S, PRE_ROLL_S, TrialDetector, TrialPhase, TrialState

#: How often the aligner is asked for complete frames [s].
POLL_S = 0.01
#: Memory for the longest trial and what was kept before it [s].
MEMORY_S = LONGEST_S + PRE_ROLL_S + 5.0
HIPS = [INDEX["left_hip"], INDEX["right_hip"]]


class SynchronizerNode(SportNode):
    """Sensor topics to /motion/frame and /motion/skeleton; a finished trial to /motion/trial."""

    def __init__(self) -> None:
        super().__init__("synchronizer")
        self.parameter("rig", "lab", "Name of a rig in config/rigs, or path of a rig's YAML.")
        self.parameter("action", "standing_long_jump", "The movement of the trials that begin by themselves.")
        self.parameter("athlete", "", "Pseudonym of the athlete; empty for nobody in particular.")
        self.parameter("rate_hz", 30.0, "Frames a second of the fused skeleton.")

    def configure(self) -> None:
        self._rig = load_rig(self.value("rig"))
        self._action = load_action(self.value("action")).name
        self._athlete = checked_name(self.value("athlete")) if self.value("athlete") else ""
        self._frames = self.publisher(MotionFrame, topics.MOTION_FRAME, qos.STREAM)
        self._skeletons = self.publisher(Skeleton3D, topics.MOTION_SKELETON, qos.STREAM)
        self._sync = self.publisher(SyncReport, topics.MOTION_SYNC, qos.RESULT)
        self._motions = self.publisher(TrialMotion, topics.MOTION_TRIAL, qos.RESULT)
        self._states = self.publisher(Trial, topics.TRIAL_STATE, qos.RESULT)
        self._transforms = TransformSender(self, TF, qos.STREAM)

    def activate(self) -> None:
        self._recent = RecentSamples(MEMORY_S)
        self._work = Background(self, "fusion", one_process)
        self._whole = TrialFusion(self._work, self._rig, self._recent, rate_hz=self.value("rate_hz"))
        warm_up(self._rig)
        self._work.wait()  # its worker warms up meanwhile; the first trial must not wait for either
        self._aligner = LiveAligner(self._rig, self.value("rate_hz"))
        self._fusion = LiveFusion(self._rig)
        self._detector = TrialDetector()
        self._trial = Trial(begin_s=math.nan, end_s=math.nan)
        self._inputs = SensorInputs(self, self._rig, self._aligner, self._recent)
        self.service(StartTrial, topics.SERVICE_TRIAL_START, self._on_start)
        self.service(StopTrial, topics.SERVICE_TRIAL_STOP, self._on_stop)
        self.service(SelectAthlete, topics.SERVICE_ATHLETE_SELECT, self._on_select)
        self.every(POLL_S, self._poll)
        self.every(1.0, self._report)
        self._tell(Trial.WAITING)

    def deactivate(self) -> None:
        self._work.close()

    def _poll(self) -> None:
        self.take_polled()
        now_s = self.now_s()
        if now_s > 0.0:  # simulated time stands at zero until the first /clock
            for frame in self._aligner.poll(now_s):
                self._take_frame(frame)

    def _take_frame(self, frame: AlignedTrial) -> None:
        fused = self._fusion.step(frame)
        cameras = tuple(self._rig.camera(name) for name in frame.camera_names)
        people = choose_by_reference(cameras, frame.keypoints_px[0], fused.positions_m[0])
        before = self._detector.state.phase
        state = self._detector.update(fused)
        self._follow(before, state)
        if state.phase is TrialPhase.RUNNING:
            now_s = float(fused.times_s[0])
            self._whole.anticipate(begin_s=state.begin_s, moved_s=self._detector.moved_s, now_s=now_s)
        trial = self._trial.id if state.phase is TrialPhase.RUNNING else ""
        self._frames.publish(conversions.frame_to_message(frame, fused, trial=trial, people=people.tolist()))
        self._skeletons.publish(conversions.skeleton_to_message(fused))
        hips = fused.positions_m[0, HIPS].mean(axis=0)
        if np.all(np.isfinite(hips)):
            self._transforms.send([transform(hips, np.eye(3), child="athlete", stamp_s=float(fused.times_s[0]))])

    def _follow(self, before: TrialPhase, state: TrialState) -> None:
        """Tell of a change of the detector's phase."""
        if state.phase is before:
            return
        if state.phase is TrialPhase.RUNNING:
            self._begin(state.onset_s)
        elif state.phase is TrialPhase.FINISHED:
            self._finish(state)
        elif state.phase is TrialPhase.REJECTED:
            self._trial.end_s = state.end_s
            self._tell(Trial.REJECTED, state.reason)

    def _begin(self, onset_s: float) -> None:
        when = datetime.fromtimestamp(onset_s, timezone.utc)
        trial = f"{when:%Y%m%dT%H%M%S}-{when.microsecond // 1000:03d}"
        self._trial = Trial(
            id=trial, action=self._action, athlete=self._athlete, begin_s=float(onset_s), end_s=math.nan
        )
        self._tell(Trial.RUNNING)

    def _finish(self, state: TrialState) -> None:
        """Say that the trial is over, and publish it fused as a whole as soon as that is done."""
        trial, last_clocks = self._trial, self._inputs.clocks
        trial.end_s = float(state.end_s)
        self._tell(Trial.FINISHED, state.reason, trial=trial)

        def publish(fused: FusedTrial | InputError) -> None:
            if isinstance(fused, InputError):
                self._tell(Trial.REJECTED, str(fused), trial=trial)
                return
            clocks = with_latencies(last_clocks, fused.latencies)
            self._aligner.take_off(fused.latencies)
            stamp_s = float(fused.motion.times_s[0])
            motion = fused.motion.moved(fused.motion.positions_m, fused.motion.times_s - stamp_s)
            self._motions.publish(
                conversions.trial_to_message(
                    motion, stamp_s=stamp_s, trial=trial.id, action=trial.action, athlete=trial.athlete, clocks=clocks
                )
            )
            self._sync.publish(conversions.sync_to_message(clocks, stamp_s=stamp_s, trial=trial.id))

        self._whole.finish(begin_s=state.begin_s, end_s=state.end_s, then=publish)

    def _tell(self, state: int, reason: str = "", *, trial: Any = None) -> None:
        trial = trial or self._trial
        trial.header = conversions.make_header(self.now_s(), topics.WORLD_FRAME)
        trial.state, trial.reason = state, reason
        self._states.publish(trial)

    def _report(self) -> None:
        self._inputs.tell_rejected()
        for name, words in self._fusion.warnings.items():
            self.health.condition(name, WARN if words else OK, words)
        self._sync.publish(conversions.sync_to_message(self._inputs.clocks, stamp_s=self.now_s(), trial=""))

    def _running(self) -> bool:
        return self._detector.state.phase is TrialPhase.RUNNING

    def _on_start(self, request: Any, response: Any) -> None:
        if self._running():
            raise InputError(f"trial {self._trial.id} is running; stop it first")
        self._select(request, response)
        state = self._detector.start(self.now_s())
        self._begin(state.onset_s)
        response.trial = self._trial.id

    def _on_stop(self, _: Any, response: Any) -> None:
        if not self._running():
            raise InputError("no trial is running")
        self._follow(TrialPhase.RUNNING, self._detector.stop(self.now_s()))
        response.accepted, response.trial, response.message = True, self._trial.id, "stopped"

    def _on_select(self, request: Any, response: Any) -> None:
        self._select(request, response)

    def _select(self, request: Any, response: Any) -> None:
        """Action and athlete of the trials that follow; what is empty stays as it is."""
        action = load_action(request.action).name if request.action else self._action
        self._athlete = checked_name(request.athlete) if request.athlete else self._athlete
        self._action = action
        response.accepted, response.message = True, f"{action} of {self._athlete or 'nobody in particular'}"


def main() -> None:
    run_node(SynchronizerNode)


if __name__ == "__main__":
    main()
