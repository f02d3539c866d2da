"""Writes the report of each trial when all its results are there, and keeps the store: reports, labels, erasure."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from sport_coach.msg import CoachReport, Diagnosis, Keyframes, StageScores, TrialMotion
from sport_coach.srv import EraseAthlete, LabelTrial
from std_msgs.msg import String

from sport_nodes import topics
from sport_nodes.assessment import Assessment
from sport_nodes.errors import InputError
from sport_nodes.labels import Label, add_label, make_label
from sport_nodes.nodes import conversions, qos
from sport_nodes.nodes.background import Background
from sport_nodes.nodes.base import SportNode
from sport_nodes.nodes.run import run_node
from sport_nodes.nodes.target_choice import TargetChoice
from sport_nodes.nodes.trial_parts import KEPT_TRIALS, TrialParts
from sport_nodes.report.report import write_report
from sport_nodes.scoring.marking import learn_mark
from sport_nodes.scoring.teacher import erase_from_teachers, teachers_directory
from sport_nodes.store import TrialStore

_RESULTS = {
    "motion": (TrialMotion, topics.MOTION_TRIAL),
    "scores": (StageScores, topics.SCORE_TRIAL),
    "keyframes": (Keyframes, topics.KEYFRAMES),
    "diagnosis": (Diagnosis, topics.DIAGNOSIS),
    "coaching": (CoachReport, topics.COACH_REPORT),
}


class ReportNode(SportNode):
    """All results of a trial to an HTML file, its path to /report/path; takes teachers' marks; erases athletes."""

    def __init__(self) -> None:
        super().__init__("report")
        self.parameter("store", "", "Folder for reports; empty for the user's data directory.")
        self._targets = TargetChoice(self)

    def configure(self) -> None:
        self._path = self.publisher(String, topics.REPORT_PATH, qos.RESULT)
        self._store = TrialStore.at(self.value("store"))

    def activate(self) -> None:
        self._work = Background(self, "report")
        self._last_scored = ""
        self._motions: dict[str, Any] = {}
        parts = TrialParts(_RESULTS, self._write)
        for name, (message_type, topic) in _RESULTS.items():
            self.subscribe(message_type, topic, self._taker(parts, name), qos.RESULT)
        self.service(LabelTrial, topics.SERVICE_TRIAL_LABEL, self._on_label)
        self.service(EraseAthlete, topics.SERVICE_ATHLETE_ERASE, self._on_erase)

    def deactivate(self) -> None:
        self._work.close()

    def _write(self, trial: str, parts: dict[str, Any]) -> None:
        message = parts["motion"]
        motion = conversions.trial_from_message(message)
        assessment = Assessment(
            action=message.action,
            trial=trial,
            motion=motion,
            target=self._targets.for_motion(message.action, motion),
            scores=conversions.scores_from_message(parts["scores"]),
            alignment=conversions.alignment_from_message(parts["keyframes"]),
            diagnosis=conversions.diagnosis_from_message(parts["diagnosis"]),
            coaching=conversions.coaching_from_message(parts["coaching"]),
            clocks=conversions.clocks_of_trial(message),
            # Only the simulated lab, or a bag of it, knows the truth.
            simulated=self.count_publishers(topics.GROUND_TRUTH_TRIAL) > 0,
            athlete=message.athlete,
        )
        path = self._store.folder(athlete=message.athlete, trial=trial) / "report.html"
        self._work.submit(
            lambda: write_report(assessment, path), lambda _: self._path.publish(String(data=str(path.resolve())))
        )

    def _taker(self, parts: TrialParts, name: str) -> Callable[[Any], None]:
        def take(message: Any) -> None:
            if name == "scores":
                self._last_scored = message.trial
            elif name == "motion":
                self._motions[message.trial] = message
                while len(self._motions) > KEPT_TRIALS:
                    self._motions.pop(next(iter(self._motions)))
            parts.add(name, message.trial, message)

        return take

    async def _on_label(self, request: Any, response: Any) -> None:
        """Store the marks; learn from them where this teacher has a standard and the trial is one of the latest."""
        trial = request.trial or self._last_scored
        if not trial:
            raise InputError("no trial was scored yet; give the trial's id")
        label = make_label(
            rater=request.rater, total=request.total, stages=request.stages, grade=request.grade, note=request.note
        )
        add_label(self._store.find(trial), label)
        response.accepted, response.trial = True, trial
        response.message = f"{label.rater} marked {trial} with {label.total:g} ({label.grade})"
        learned = ""
        if trial in self._motions:
            learned = await self._work.result_of(partial(self._learn, self._motions[trial], label))
        response.message += f"; {learned}" if learned else ""

    @staticmethod
    def _learn(message: Any, label: Label) -> str:
        motion = conversions.trial_from_message(message)
        try:
            return learn_mark(motion, message.action, trial=message.trial, athlete=message.athlete, label=label)
        except InputError as error:
            return f"not learned from: {error}"

    def _on_erase(self, request: Any, response: Any) -> None:
        response.removed_files = self._store.erase(request.athlete)
        erase_from_teachers(teachers_directory(), request.athlete)
        response.accepted = True
        response.message = f"{response.removed_files} files of '{request.athlete}' removed"


def main() -> None:
    run_node(ReportNode)


if __name__ == "__main__":
    main()
