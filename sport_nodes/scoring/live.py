"""Scores while the athlete moves: a sliding window, rescored at a steady pace."""

from __future__ import annotations

from collections import deque
from typing import Final

import numpy as np

from sport_nodes.motion import Motion
from sport_nodes.scoring.features import FEWEST_FRAMES, NETWORK_FRAMES
from sport_nodes.scoring.model_in_use import Model
from sport_nodes.scoring.scores import StageScores

#: Fewest seconds between two scores.
RESCORE_PERIOD_S: Final = 0.1
#: Frames may jitter by this share of the period without a score being left out.
_PERIOD_SLACK: Final = 0.05


class LiveScorer:
    """Keeps the last NETWORK_FRAMES frames and scores them at most every RESCORE_PERIOD_S of the trial's time."""

    def __init__(self, scorer: Model, action: str, *, window_frames: int = NETWORK_FRAMES) -> None:
        self._scorer = scorer
        self._action = action
        self._frames: deque[Motion] = deque(maxlen=window_frames)
        self._scored_s = -np.inf

    def push(self, frame: Motion) -> StageScores | None:
        """Take one frame (a Motion of length one); a score when one is due, else None.

        A frame that is not later than the last one begins a new window: the clock was set back or a new trial began.
        """
        now_s = float(frame.times_s[-1])
        if self._frames and now_s <= float(self._frames[-1].times_s[-1]):
            self.reset()
        self._frames.append(frame)
        due = now_s - self._scored_s >= RESCORE_PERIOD_S * (1.0 - _PERIOD_SLACK)
        if not due or len(self._frames) < FEWEST_FRAMES:
            return None
        self._scored_s = now_s
        return self._scorer.score(self._window(), self._action, unfinished=True)

    def reset(self) -> None:
        """Forget the window."""
        self._frames.clear()
        self._scored_s = -np.inf

    def _window(self) -> Motion:
        frames = list(self._frames)
        return Motion(
            np.concatenate([f.times_s for f in frames]),
            np.concatenate([f.positions_m for f in frames]),
            np.concatenate([f.confidence for f in frames]),
            np.concatenate([f.provenance for f in frames]),
            np.concatenate([f.sigma_m for f in frames]),
        )
