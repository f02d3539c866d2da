"""Extremely randomised trees (Geurts, Ernst, Wehenkel 2006, Machine Learning 63): cuts are drawn, not searched.

A leaf keeps its training rows, so that a forest gives weights over the training rows for every new one: their mean is
a probability or an expectation, their median the value that costs least in absolute error (Meinshausen 2006, JMLR 7).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

Array = NDArray[np.float64]

TREES: Final = 400
SMALLEST_LEAF: Final = 2


@dataclass(frozen=True)
class ExtraTrees:
    """A fitted forest; `fit_extra_trees` makes it. Rows of the training are weighted for each new row."""

    trees: tuple[tuple[NDArray[np.int64], Array, NDArray[np.int64], NDArray[np.int64]], ...]
    targets: Array

    def weights(self, features: Array) -> Array:
        """(N, M) how much each of the M training rows speaks for each of the N new rows; rows sum to 1."""
        total = np.zeros((len(features), len(self.targets)))
        for split, cut, child, leaf_of_row in self.trees:
            _add_weights(features, split, cut, child, leaf_of_row, total)
        return np.asarray(total / len(self.trees))

    def mean(self, features: Array) -> Array:
        """(N,) mean target: of 0 and 1, the probability of 1."""
        return np.asarray(self.weights(features) @ self.targets)

    def median(self, features: Array) -> Array:
        """(N,) weighted median of the targets."""
        order = np.argsort(self.targets, kind="stable")
        below = np.cumsum(self.weights(features)[:, order], axis=1)
        return np.asarray(self.targets[order][(below < 0.5 * below[:, -1:]).sum(axis=1)])


def fit_extra_trees(
    features: Array, targets: Array, *, trees: int = TREES, smallest_leaf: int = SMALLEST_LEAF, seed: int = 0
) -> ExtraTrees:
    """features (M, D), targets (M,). sqrt(D) cuts are drawn at each node, the one that lowers variance most is kept."""
    features = np.ascontiguousarray(features, dtype=np.float64)
    targets = np.ascontiguousarray(targets, dtype=np.float64)
    tried = max(1, round(np.sqrt(features.shape[1])))
    grown = tuple(
        _grow(features, targets, tried, smallest_leaf, np.random.default_rng((seed, tree))) for tree in range(trees)
    )
    return ExtraTrees(grown, targets)


@njit(cache=True)
def _grow(
    features: Array, targets: Array, tried: int, smallest_leaf: int, rng: np.random.Generator
) -> tuple[NDArray[np.int64], Array, NDArray[np.int64], NDArray[np.int64]]:
    """split (nodes,) the feature asked or -1 in a leaf, cut, child (left; right is the next), leaf of each row."""
    rows_count, width = features.shape
    most = 2 * rows_count + 1
    split = np.full(most, -1, np.int64)
    cut = np.zeros(most)
    child = np.zeros(most, np.int64)
    first, last = np.zeros(most, np.int64), np.zeros(most, np.int64)
    rows = np.arange(rows_count)
    leaf_of_row = np.zeros(rows_count, np.int64)
    last[0] = rows_count
    nodes, node = 1, 0
    while node < nodes:
        begin, end = first[node], last[node]
        members = rows[begin:end]
        low, high = targets[members].min(), targets[members].max()
        best, best_feature, best_cut = -1.0, -1, 0.0
        if end - begin >= 2 * smallest_leaf and high > low:
            asked = 0
            # Constant features do not count among those tried; a node with nothing else becomes a leaf.
            for _ in range(8 * tried):
                if asked == tried:
                    break
                feature = rng.integers(0, width)
                smallest, largest = np.inf, -np.inf
                for row in members:
                    smallest, largest = min(smallest, features[row, feature]), max(largest, features[row, feature])
                if not largest > smallest:
                    continue
                asked += 1
                threshold = smallest + rng.random() * (largest - smallest)
                count, total, whole = 0, 0.0, 0.0
                for row in members:
                    whole += targets[row]
                    if features[row, feature] < threshold:
                        count += 1
                        total += targets[row]
                others = len(members) - count
                if count < smallest_leaf or others < smallest_leaf:
                    continue
                # Variance left is least where this sum of squares is greatest.
                gain = total * total / count + (whole - total) ** 2 / others - whole * whole / len(members)
                if gain > best:
                    best, best_feature, best_cut = gain, int(feature), threshold
        if best_feature < 0:
            for row in members:
                leaf_of_row[row] = node
        else:
            goes_left = features[members, best_feature] < best_cut
            left, right = members[goes_left].copy(), members[~goes_left].copy()
            rows[begin : begin + len(left)] = left
            rows[begin + len(left) : end] = right
            split[node], cut[node], child[node] = best_feature, best_cut, nodes
            first[nodes], last[nodes] = begin, begin + len(left)
            first[nodes + 1], last[nodes + 1] = begin + len(left), end
            nodes += 2
        node += 1
    return split[:nodes].copy(), cut[:nodes].copy(), child[:nodes].copy(), leaf_of_row


@njit(cache=True)
def _add_weights(
    features: Array,
    split: NDArray[np.int64],
    cut: Array,
    child: NDArray[np.int64],
    leaf_of_row: NDArray[np.int64],
    total: Array,
) -> None:
    size = np.zeros(len(split))
    for leaf in leaf_of_row:
        size[leaf] += 1.0
    for new in range(len(features)):
        node = 0
        while split[node] >= 0:
            node = child[node] + (0 if features[new, split[node]] < cut[node] else 1)
        for row in range(len(leaf_of_row)):
            if leaf_of_row[row] == node:
                total[new, row] += 1.0 / size[node]
