"""Results of a trial: scores, keyframes, diagnosis, coaching."""

from __future__ import annotations

from typing import Any

import numpy as np
from sport_coach.msg import CoachReport as CoachReportMessage
from sport_coach.msg import Diagnosis as DiagnosisMessage
from sport_coach.msg import Dimension, Evidence
from sport_coach.msg import Finding as FindingMessage
from sport_coach.msg import Improvement as ImprovementMessage
from sport_coach.msg import Keyframe as KeyframeMessage
from sport_coach.msg import Keyframes as KeyframesMessage
from sport_coach.msg import RootCause as RootCauseMessage
from sport_coach.msg import ScoreImportance as ScoreImportanceMessage
from sport_coach.msg import StageScore as StageScoreMessage
from sport_coach.msg import StageScores as StageScoresMessage
from std_msgs.msg import Header

from sport_nodes.coaching.coach_report import CoachReport, Improvement
from sport_nodes.diagnosis.findings import VERDICTS, Diagnosis, Finding, RootCause
from sport_nodes.keyframes.alignment import Alignment, Keyframe
from sport_nodes.nodes.conversions.arrays import doubles, fixed, require, rows
from sport_nodes.scoring.scores import Importance, StageScore, StageScores

_STAGE = ("name", "score", "low", "high", "begin_s", "end_s")
_KEYFRAME = ("name", "time_s", "target_time_s", "confidence", "repetition")
_FINDING = ("metric", "label", "value", "target", "unit", "deviation", "tolerance", "mdc95", "verdict")
_FINDING_REST = ("side", "stage", "time_s", "reason")
_ROOT_CAUSE = ("name", "label", "weight", "reason", "stage")
_IMPROVEMENT = ("title", "cue", "drill", "check")
_SCORES = ("action", "value", "low", "high", "grade", "bias_correction", "model", "latency_ms", "withheld")
_COACH = ("action", "language", "text", "student_text", "source", "claims", "rejected_claims")


def scores_to_message(scores: StageScores, *, header: Header, trial: str) -> StageScoresMessage:
    """header: of the motion that was scored."""
    return StageScoresMessage(
        header=header,
        trial=trial,
        grade_probabilities=fixed(scores.grade_probabilities),
        stages=[StageScoreMessage(**_fields(s, _STAGE)) for s in scores.stages],
        warnings=list(scores.warnings),
        **_fields(scores, _SCORES),
    )


def scores_from_message(message: Any) -> StageScores:
    return StageScores(
        grade_probabilities=np.array(message.grade_probabilities),
        stages=tuple(StageScore(**_fields(s, _STAGE)) for s in message.stages),
        warnings=tuple(message.warnings),
        **_fields(message, _SCORES),
    )


def importance_to_message(importance: Importance, *, header: Header, trial: str) -> ScoreImportanceMessage:
    """header: of the motion that was scored."""
    return ScoreImportanceMessage(
        header=header,
        trial=trial,
        action=importance.action,
        model=importance.model,
        joint_importance=fixed(importance.joints),
        frame_times_s=doubles(importance.times_s),
        frame_importance=doubles(importance.frames),
    )


def importance_from_message(message: Any) -> Importance:
    """Raises InputError when times and importances of the frames do not fit each other."""
    times = np.array(message.frame_times_s, dtype=np.float64)
    return Importance(
        action=message.action,
        model=message.model,
        joints=np.array(message.joint_importance),
        times_s=times,
        frames=rows(message.frame_importance, (len(times),), "frame_importance of a score"),
    )


def alignment_to_message(alignment: Alignment, *, header: Header, trial: str) -> KeyframesMessage:
    """header: of the trial's motion."""
    return KeyframesMessage(
        header=header,
        trial=trial,
        action=alignment.action,
        target=alignment.target,
        windows_s=doubles(alignment.windows_s),
        path_s=doubles(alignment.path_s),
        distance=float(alignment.distance),
        keyframes=[KeyframeMessage(**_fields(k, _KEYFRAME)) for k in alignment.keyframes],
        stage_count=max(0, alignment.stage_bounds_s.shape[1] - 1),
        stage_bounds_s=doubles(alignment.stage_bounds_s),
        reason=alignment.reason,
    )


def alignment_from_message(message: Any) -> Alignment:
    """Raises InputError when windows, path or bounds are not of whole rows."""
    return Alignment(
        action=message.action,
        target=message.target,
        windows_s=rows(message.windows_s, (-1, 2), "windows_s of an alignment"),
        path_s=rows(message.path_s, (-1, 2), "path_s of an alignment"),
        distance=message.distance,
        keyframes=tuple(Keyframe(**_fields(k, _KEYFRAME)) for k in message.keyframes),
        stage_bounds_s=rows(message.stage_bounds_s, (-1, message.stage_count + 1), "stage_bounds_s of an alignment"),
        reason=message.reason,
    )


def diagnosis_to_message(diagnosis: Diagnosis, *, header: Header, trial: str) -> DiagnosisMessage:
    """header: of the trial's motion."""
    return DiagnosisMessage(
        header=header,
        trial=trial,
        action=diagnosis.action,
        findings=[
            FindingMessage(joints=list(f.joints), **_fields(f, _FINDING + _FINDING_REST)) for f in diagnosis.findings
        ],
        root_causes=[
            RootCauseMessage(metrics=list(c.metrics), **_fields(c, _ROOT_CAUSE)) for c in diagnosis.root_causes
        ],
        reason=diagnosis.reason,
    )


def diagnosis_from_message(message: Any) -> Diagnosis:
    """Raises InputError for a verdict that there is not."""
    for finding in message.findings:
        require(finding.verdict in VERDICTS, f"finding '{finding.metric}' has the unknown verdict '{finding.verdict}'")
    return Diagnosis(
        action=message.action,
        findings=tuple(
            Finding(joints=tuple(f.joints), **_fields(f, _FINDING + _FINDING_REST)) for f in message.findings
        ),
        root_causes=tuple(RootCause(metrics=tuple(c.metrics), **_fields(c, _ROOT_CAUSE)) for c in message.root_causes),
        reason=message.reason,
    )


def coaching_to_message(report: CoachReport, *, header: Header, trial: str) -> CoachReportMessage:
    """header: of the trial's motion."""
    return CoachReportMessage(
        header=header,
        trial=trial,
        dimensions=[Dimension(name=name, text=text) for name, text in report.dimensions.items()],
        strengths=list(report.strengths),
        improvements=[
            ImprovementMessage(evidence=list(i.evidence), **_fields(i, _IMPROVEMENT)) for i in report.improvements
        ],
        evidence=[Evidence(sentence=sentence, sources=list(sources)) for sentence, sources in report.evidence],
        **_fields(report, _COACH),
    )


def coaching_from_message(message: Any) -> CoachReport:
    return CoachReport(
        dimensions={d.name: d.text for d in message.dimensions},
        strengths=tuple(message.strengths),
        improvements=tuple(
            Improvement(evidence=tuple(i.evidence), **_fields(i, _IMPROVEMENT)) for i in message.improvements
        ),
        evidence=tuple((e.sentence, tuple(e.sources)) for e in message.evidence),
        **_fields(message, _COACH),
    )


def _fields(source: Any, names: tuple[str, ...]) -> dict[str, Any]:
    """The named attributes, with numpy's scalars as Python's: message fields take nothing else."""
    values = {name: getattr(source, name) for name in names}
    return {name: value.item() if isinstance(value, np.generic) else value for name, value in values.items()}
