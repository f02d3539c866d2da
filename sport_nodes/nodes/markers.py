"""The skeleton and the scores for RViz."""

from __future__ import annotations

from typing import Any

import numpy as np
from builtin_interfaces.msg import Duration
from geometry_msgs.msg import Point
from sport_coach.msg import Diagnosis, Skeleton3D, StageScores, Trial
from std_msgs.msg import ColorRGBA
from visualization_msgs.msg import Marker, MarkerArray

from sport_nodes import topics
from sport_nodes.diagnosis.findings import DEVIATES
from sport_nodes.motion import Motion
from sport_nodes.nodes import conversions, qos
from sport_nodes.nodes.base import SportNode
from sport_nodes.nodes.run import run_node
from sport_nodes.scoring.scores import GRADES
from sport_nodes.skeleton import EDGES, INDEX

BONE = ColorRGBA(r=0.85, g=0.85, b=0.85, a=1.0)
MEASURED = ColorRGBA(r=0.2, g=0.7, b=0.3, a=1.0)
GUESSED = ColorRGBA(r=0.9, g=0.7, b=0.2, a=1.0)
FAULTY = ColorRGBA(r=0.9, g=0.15, b=0.15, a=1.0)
TEXT = ColorRGBA(r=1.0, g=1.0, b=1.0, a=1.0)
JOINT_DIAMETER_M = 0.06
BONE_WIDTH_M = 0.025
TEXT_HEIGHT_M = 0.14
#: Where the lines of the score stand, from the top [m in world].
TEXT_AT_M = (0.0, 1.6, 2.2)
#: A skeleton that is not renewed disappears.
SHOWN_FOR = Duration(sec=1)


class MarkersNode(SportNode):
    """/motion/skeleton and the scores to MarkerArrays; after a trial the joints of its deviations are red."""

    def __init__(self) -> None:
        super().__init__("markers")

    def configure(self) -> None:
        self._skeleton = self.publisher(MarkerArray, topics.MARKERS_SKELETON, qos.STREAM)
        self._scores = self.publisher(MarkerArray, topics.MARKERS_SCORES, qos.RESULT)

    def activate(self) -> None:
        self._faulty: set[int] = set()
        self.subscribe(Skeleton3D, topics.MOTION_SKELETON, self._on_skeleton, qos.STREAM)
        self.subscribe(Diagnosis, topics.DIAGNOSIS, self._on_diagnosis, qos.RESULT)
        self.subscribe(Trial, topics.TRIAL_STATE, self._on_state, qos.RESULT)
        self.subscribe(StageScores, topics.SCORE_LIVE, self._on_scores, qos.STREAM)
        self.subscribe(StageScores, topics.SCORE_TRIAL, self._on_scores, qos.RESULT)

    def _on_state(self, message: Any) -> None:
        if message.state == Trial.RUNNING:
            self._faulty.clear()

    def _on_diagnosis(self, message: Any) -> None:
        findings = conversions.diagnosis_from_message(message).findings
        self._faulty = {INDEX[j] for f in findings if f.verdict == DEVIATES for j in f.joints if j in INDEX}

    def _on_skeleton(self, message: Any) -> None:
        motion = conversions.skeleton_from_message(message)
        present = motion.present[0]
        points = [Point(x=x, y=y, z=z) for x, y, z in np.nan_to_num(motion.positions_m[0]).tolist()]
        shown = np.flatnonzero(present).tolist()
        joints = _marker(message.header, "joints", Marker.SPHERE_LIST, JOINT_DIAMETER_M)
        joints.points = [points[j] for j in shown]
        joints.colors = [self._color(motion, j) for j in shown]
        bones = _marker(message.header, "bones", Marker.LINE_LIST, BONE_WIDTH_M)
        bones.points = [points[j] for edge in EDGES if present[list(edge)].all() for j in edge]
        bones.color = BONE
        self._skeleton.publish(MarkerArray(markers=[joints, bones]))

    def _color(self, motion: Motion, joint: int) -> ColorRGBA:
        if joint in self._faulty:
            return FAULTY
        return MEASURED if motion.measured[0, joint] else GUESSED

    def _on_scores(self, message: Any) -> None:
        scores = conversions.scores_from_message(message)
        if scores.withheld:
            lines = [f"no score: {scores.withheld}"]
        else:
            lines = [f"{scores.value:.0f} ({scores.low:.0f} to {scores.high:.0f}) {scores.grade}"]
            lines += [f"{stage.name}: {stage.score:.0f}" for stage in scores.stages]
            lines.append(" ".join(f"{g} {p:.0%}" for g, p in zip(GRADES, scores.grade_probabilities, strict=True)))
        markers = [Marker(action=Marker.DELETEALL)]
        for row, line in enumerate(lines):
            marker = _marker(message.header, "scores", Marker.TEXT_VIEW_FACING, TEXT_HEIGHT_M)
            x, y, z = TEXT_AT_M
            marker.id, marker.text, marker.color = row, line, TEXT
            marker.pose.position = Point(x=x, y=y, z=z - 1.3 * TEXT_HEIGHT_M * row)
            marker.lifetime = Duration()
            markers.append(marker)
        self._scores.publish(MarkerArray(markers=markers))


def _marker(header: Any, namespace: str, kind: int, size_m: float) -> Marker:
    marker = Marker(header=header, ns=namespace, type=kind, action=Marker.ADD, lifetime=SHOWN_FOR)
    marker.header.frame_id = topics.WORLD_FRAME
    marker.pose.orientation.w = 1.0
    marker.scale.x = marker.scale.y = marker.scale.z = size_m
    return marker


def main() -> None:
    run_node(MarkersNode)


if __name__ == "__main__":
    main()
