"""Where the Ollama server is: on this machine, unless another one was allowed in so many words."""

from __future__ import annotations

import ipaddress
import os
from typing import Final
from urllib.parse import urlsplit

from sport_nodes.errors import InputError

_DEFAULT_HOST: Final = "http://127.0.0.1:11434"


def ollama_url(host: str | None = None, *, allow_remote: bool = False) -> str:
    """The server's address. host: as in OLLAMA_HOST, which is used where it is None.

    Raises InputError when it is not an address, or is not on this machine and that was not allowed.
    """
    host = host or os.environ.get("OLLAMA_HOST") or _DEFAULT_HOST
    parts = urlsplit(host if "://" in host else f"http://{host}")
    try:
        name, port = parts.hostname or "127.0.0.1", parts.port or 11434
    except ValueError as error:
        raise InputError(f"the language model's host '{host}' is not an address; expected NAME:PORT") from error
    # A server is told to listen on 0.0.0.0; a client reaches it on loopback.
    name = "127.0.0.1" if name == "0.0.0.0" else name
    if not allow_remote and not _is_this_machine(name):
        raise InputError(
            f"the language model's host '{host}' is not this machine; athletes are often children, so their "
            "results stay here unless allow_remote is set"
        )
    return f"{parts.scheme}://{f'[{name}]' if ':' in name else name}:{port}"


def _is_this_machine(name: str) -> bool:
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
