"""Frames of triggered devices: one trigger, one time, whichever of them were lost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Numbers = NDArray[np.int64]

#: Rounds between the devices' offsets and the triggers' times; two already agree to a microsecond.
ROUNDS: Final = 4


def common_times(stamps: Mapping[str, tuple[Numbers, Array]]) -> dict[str, Array]:
    """Each device's stamps (T,) anew, from its trigger numbers (T,) and the stamps that its clock gave.

    Frames of one trigger get one time, also when a device drops or adds some. A stamp lies behind the exposure by the
    device's fastest transport: the devices' offsets against each other are medians over all triggers that they share,
    and the one that lags least stands for all. Alone, a device keeps its stamps.
    """
    if len(stamps) < 2:
        return {name: times_s for name, (_, times_s) in stamps.items()}
    triggers = np.unique(np.concatenate([numbers for numbers, _ in stamps.values()]))
    table = np.full((len(stamps), len(triggers)), np.nan)
    for row, (numbers, times_s) in zip(table, stamps.values(), strict=True):
        row[np.searchsorted(triggers, numbers)] = times_s
    begin_s = float(np.nanmin(table))  # seconds since 1970 would cost digits
    table -= begin_s
    offset_s = np.zeros(len(table))
    for _ in range(ROUNDS):
        trigger_s = np.nanmedian(table - offset_s[:, None], axis=0)
        offset_s = np.nanmedian(table - trigger_s, axis=1)
    trigger_s = np.nanmedian(table - offset_s[:, None], axis=0) + offset_s.min() + begin_s
    return {name: trigger_s[np.searchsorted(triggers, numbers)] for name, (numbers, _) in stamps.items()}
