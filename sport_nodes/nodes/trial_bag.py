"""One bag a trial, with the seconds before it began."""

from __future__ import annotations

import shutil
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from sport_nodes.io.live_bag import LiveBag


class Heard(NamedTuple):
    """A serialized message as it came."""

    topic: str
    type_name: str
    data: bytes
    time_s: float


class TrialBag:
    """Keeps the last `keep_s` seconds, and writes from `begin` to `finish`."""

    def __init__(self, keep_s: float) -> None:
        self._keep_s = keep_s
        self._kept: deque[Heard] = deque()
        self._writer: LiveBag | None = None
        self.path: Path | None = None

    def add(self, heard: Heard) -> None:
        if self._writer is not None:
            self._writer.write(*heard)
            return
        self._kept.append(heard)
        while self._kept[0].time_s < heard.time_s - self._keep_s:
            self._kept.popleft()

    def begin(self, path: Path, from_s: float, about: Mapping[str, str]) -> None:
        """Write what was kept since then, and all that follows; about: what the bag says about itself.

        Raises InputError when the folder cannot be written.
        """
        self.finish()
        self._writer, self.path = LiveBag(path, about), path
        for heard in self._kept:
            if heard.time_s >= from_s:
                self._writer.write(*heard)
        self._writer.flush()
        self._kept.clear()

    def tell(self, **about: str) -> None:
        """Add to what the open bag says about itself."""
        if self._writer is not None:
            self._writer.tell(about)

    def finish(self) -> Path | None:
        """Close the bag; its path, or None when none was open or it was erased meanwhile."""
        path, writer = self.path, self._writer
        self.path = self._writer = None
        if path is None or writer is None or not path.is_dir():
            return None
        writer.close()
        return path

    def discard(self) -> None:
        """Close the bag and remove it: what began was no trial."""
        path = self.finish()
        if path is not None:
            shutil.rmtree(path)
