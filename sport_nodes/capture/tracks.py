"""Follows people from image to image by where each was last: the part that detectors of one person share."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar

import numpy as np

from sport_nodes.capture.pose2d import Array, Image, People

#: While there is room for more people, they are looked for in every so many images; the look costs a whole inference.
SEARCH_EVERY: Final = 15
#: Two people whose middles are nearer than this part of the region's size are one.
SAME_PERSON: Final = 0.15
#: A person is blanked out by the box about the joints, grown by this part of its height to each side.
BLANK_MARGIN: Final = 0.1
GREY: Final = 128
#: Somebody who is found again within so many images, within this part of the region's size, is the same person.
LOST_IMAGES: Final = 30
LOST_REACH: Final = 0.5


class Place(Protocol):
    """Where somebody is looked for: its middle and its size [px]."""

    @property
    def x(self) -> float: ...

    @property
    def y(self) -> float: ...

    @property
    def extent(self) -> float: ...


P = TypeVar("P", bound=Place)


@dataclass(frozen=True, eq=False)
class Seen(Generic[P]):
    """One person in one image; region: where to look for the person in the next."""

    region: P
    xy_px: Array
    confidence: Array


@dataclass
class _Track(Generic[P]):
    track_id: int
    seen: Seen[P]
    unseen: int = 0


class Tracks(Generic[P]):
    """At most max_people.

    look: the person in a region of an image. find: somebody anywhere in it, given the image and a copy in which those
    who are followed already are blanked out. idle_every: long after the last was lost, in every so many images.
    """

    def __init__(
        self,
        max_people: int,
        *,
        look: Callable[[Image, P], Seen[P] | None],
        find: Callable[[Image, Image], Seen[P] | None],
        idle_every: int = 1,
    ) -> None:
        self._max_people = max_people
        self._look = look
        self._find = find
        self._idle_every = idle_every
        self._tracks: list[_Track[P]] = []
        self._lost: list[_Track[P]] = []
        self._next_id = 0
        self._images = 0

    def follow(self, image: Image) -> People:
        """The people in the next image, each with the id of the track."""
        for track in list(self._tracks):
            seen = self._look(image, track.seen.region)
            others = [t.seen.region for t in self._tracks if t is not track]
            if seen is None or any(_near(seen.region, region, SAME_PERSON) for region in others):
                self._tracks.remove(track)
                self._lost.append(track)
            else:
                track.seen = seen
        every = SEARCH_EVERY if self._tracks else 1 if self._lost else self._idle_every
        if len(self._tracks) < self._max_people and self._images % every == 0:
            self._find_more(image)
        self._images += 1
        for track in self._lost:
            track.unseen += 1
        self._lost = [t for t in self._lost if t.unseen <= LOST_IMAGES]
        if not self._tracks:
            return People.nobody()
        return People(
            np.stack([t.seen.xy_px for t in self._tracks]),
            np.stack([t.seen.confidence for t in self._tracks]),
            tuple(t.track_id for t in self._tracks),
        )

    def _find_more(self, image: Image) -> None:
        """People who are not followed yet, one after the other: what is found of two at once lies between."""
        rest = image.copy()
        for track in self._tracks:
            _blank(rest, track.seen.xy_px)
        while len(self._tracks) < self._max_people:
            seen = self._find(image, rest)
            if seen is None or any(_near(t.seen.region, seen.region, SAME_PERSON) for t in self._tracks):
                return
            self._tracks.append(self._known(seen))
            _blank(rest, seen.xy_px)

    def _known(self, seen: Seen[P]) -> _Track[P]:
        for track in self._lost:
            if _near(track.seen.region, seen.region, LOST_REACH):
                self._lost.remove(track)
                return _Track(track.track_id, seen)
        self._next_id += 1
        return _Track(self._next_id - 1, seen)


def _near(a: Place, b: Place, part: float) -> bool:
    """Whether their middles are nearer than this part of the larger one's size."""
    return math.hypot(a.x - b.x, a.y - b.y) < part * max(a.extent, b.extent)


def _blank(image: Image, xy_px: Array) -> None:
    """Take a person out of the image, in place."""
    joints = xy_px[np.isfinite(xy_px).all(axis=1)]
    if not len(joints):
        return
    low, high = joints.min(axis=0), joints.max(axis=0)
    margin = BLANK_MARGIN * (high[1] - low[1])
    left, top = np.maximum(low - margin, 0).astype(int)
    right, bottom = np.maximum(high + margin, 0).astype(int)
    image[top:bottom, left:right] = GREY
