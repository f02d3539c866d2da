"""Brings together what several nodes found out about one trial."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection
from typing import Any, Final

#: Trials of which parts are kept; results of older ones do not come any more.
KEPT_TRIALS: Final = 4


class TrialParts:
    """Calls `whole(trial, parts)` when the named parts of a trial are there, and again when one comes anew.

    A part comes anew when the node that made it died and took up again.
    """

    def __init__(self, names: Collection[str], whole: Callable[[str, dict[str, Any]], None]) -> None:
        self._names = frozenset(names)
        self._whole = whole
        self._trials: OrderedDict[str, dict[str, Any]] = OrderedDict()

    def taker(self, name: str) -> Callable[[Any], None]:
        """A subscription's callback that takes messages with a field `trial` as this part."""
        return lambda message: self.add(name, message.trial, message)

    def add(self, name: str, trial: str, part: Any) -> None:
        parts = self._trials.setdefault(trial, {})
        parts[name] = part
        while len(self._trials) > KEPT_TRIALS:
            self._trials.popitem(last=False)
        if self._names <= parts.keys():
            self._whole(trial, dict(parts))
