"""A local language model behind Ollama's protocol: streamed, limited in time, and on this machine unless allowed."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import httpx
import ollama

from sport_nodes.coaching.ollama_host import ollama_url

#: A 4B model of 4-bit weights fits beside the rest on a board with 8 GB.
DEFAULT_MODEL: Final = "gemma3:4b"
#: A coach's text is a page; a model that has lost itself is cut here.
_MOST_CHARACTERS: Final = 6000
# Reaching the server, sending, parsing its lines and its own error messages can fail in these ways;
# and httpx raises RuntimeError when the client is closed while it waits.
_FAILURES: Final = (httpx.HTTPError, ollama.ResponseError, ollama.RequestError, OSError, ValueError, RuntimeError)

#: How often a waiting coach looks whether its answer is still wanted [s].
_CANCEL_CHECK_S: Final = 0.1

#: How a server refuses a schema that it, or the model's template, does not know.
_NO_SCHEMA_STATUS: Final = (400, 422, 500, 501)
#: Servers that have answered in this process: one of these that is gone has failed, another was never there.
_ANSWERED: Final[set[str]] = set()

Message = dict[str, str]
_Pieces = queue.Queue[str | Exception | None]


class LanguageModelError(RuntimeError):
    """The model gave no usable text; the message says why."""


class NoServerError(LanguageModelError):
    """There is no server, nor was there one before: the ordinary case of a machine without a language model."""


@dataclass(frozen=True)
class LanguageModel:
    """One model on an Ollama server.

    host: as in OLLAMA_HOST, which is used where it is None. allow_remote: the host may be another machine; what is
    said about an athlete then leaves this one. time_limit_s: for the whole answer.
    """

    model: str = DEFAULT_MODEL
    host: str | None = None
    temperature: float = 0.2
    time_limit_s: float = 20.0
    allow_remote: bool = False

    def stream(
        self,
        messages: Sequence[Message],
        *,
        schema: dict[str, Any] | None = None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Iterator[str]:
        """The answer piece by piece; cancelled tells whether nobody wants it any more.

        schema: of the JSON that a model which can is held to; of another, or an older server, the answer is free.

        Raises LanguageModelError when there is no server or model, it breaks off, the time is up or it was cancelled;
        InputError for a host on another machine that was not allowed.
        """
        pieces: _Pieces = queue.Queue()
        # The server is asked in a thread, because it can be silent for longer than the limit. Proxies of the
        # environment are not used: they would carry the text off this machine.
        client = ollama.Client(self.base_url(), timeout=self.time_limit_s, trust_env=False, follow_redirects=False)
        threading.Thread(target=self._ask, args=(client, list(messages), schema, pieces), daemon=True).start()
        deadline = time.monotonic() + self.time_limit_s
        characters = 0
        try:
            while (piece := self._next(pieces, deadline, cancelled)) is not None:
                characters += len(piece)
                if characters > _MOST_CHARACTERS:
                    raise LanguageModelError(f"the answer is longer than {_MOST_CHARACTERS} characters")
                yield piece
        finally:
            client.close()  # type: ignore[no-untyped-call]  # the client's own annotation is missing

    def base_url(self) -> str:
        """The server's address; raises InputError as ollama_url does."""
        return ollama_url(self.host, allow_remote=self.allow_remote)

    def _ask(
        self, client: ollama.Client, messages: list[Message], schema: dict[str, Any] | None, pieces: _Pieces
    ) -> None:
        url = self.base_url()
        try:
            done = False
            options = {"temperature": self.temperature}
            for part in client.chat(self.model, messages=messages, stream=True, options=options, format=schema):
                _ANSWERED.add(url)
                pieces.put(part.message.content or "")
                done = bool(part.done)
            pieces.put(None if done else LanguageModelError("the answer broke off"))
        except ollama.ResponseError as error:
            _ANSWERED.add(url)
            if schema is not None and error.status_code in _NO_SCHEMA_STATUS:
                self._ask(client, messages, None, pieces)
            else:
                pieces.put(error)
        except (httpx.ConnectError, ConnectionError) as error:
            pieces.put(error if url in _ANSWERED else NoServerError(f"there is no Ollama server at {url}"))
        except _FAILURES as error:
            _ANSWERED.add(url)
            pieces.put(error)

    def _next(self, pieces: _Pieces, deadline: float, cancelled: Callable[[], bool]) -> str | None:
        while True:
            if cancelled():
                raise LanguageModelError("its answer is not wanted any more")
            left_s = deadline - time.monotonic()
            try:
                piece = pieces.get(timeout=min(max(0.0, left_s), _CANCEL_CHECK_S))
                break
            except queue.Empty:
                if left_s <= _CANCEL_CHECK_S:
                    raise LanguageModelError(f"no complete answer within {self.time_limit_s:g} s") from None
        if isinstance(piece, LanguageModelError):
            raise piece
        if isinstance(piece, Exception):
            raise LanguageModelError(f"{type(piece).__name__}: {piece}") from piece
        return piece
