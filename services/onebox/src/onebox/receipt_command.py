"""Fetches a receipt and keys from files or links, and says in sentences what came of it."""

from pathlib import Path
from typing import Any

import httpx
import orjson
from rich.console import Console
from rich.markup import escape

from onebox.keys import KeyFiles
from onebox.receipt import NoReceipt, find_jws, sentences, verify_receipt
from servicekit.auth.keys import KeySet

GENUINE, NOT_GENUINE, UNTRIED = 0, 1, 2
_ACCEPT = "application/jose, application/json"
_MOST_BYTES = 1_000_000


class Unread(Exception):
    """A file or link could not be read. The text is a sentence for the person at the terminal."""


def show_receipt(source: str, keys_source: str | None, own: KeyFiles, console: Console) -> int:
    """Verifies the receipt at `source` with the keys at `keys_source`, or with those of this installation.

    Returns 0 when it is genuine, 1 when it is not, 2 when that could not be found out.
    """
    try:
        keys = _keys(keys_source) if keys_source else _own_keys(own)
        text = _read(source)
    except Unread as error:
        console.print(escape(f"NOT CHECKED. {error}"))
        return UNTRIED
    try:
        claims, kid = verify_receipt(find_jws(text), keys)
    except NoReceipt as error:
        console.print(escape(f"NOT GENUINE. {error}"))
        return NOT_GENUINE
    console.print(escape(f"GENUINE. It was signed with the key {kid}, and nothing was changed since."))
    for sentence in sentences(claims):
        console.print(escape(sentence))
    return GENUINE


def _own_keys(own: KeyFiles) -> dict[str, Any]:
    try:
        return KeySet.load(own.receipts).jwks()
    except (OSError, ValueError, KeyError) as error:
        raise Unread("There are no keys on this machine: name a file or a link with --keys.") from error


def _keys(source: str) -> dict[str, Any]:
    try:
        keys = orjson.loads(_read(source))
    except orjson.JSONDecodeError:
        keys = None
    if not isinstance(keys, dict) or not isinstance(keys.get("keys"), list):
        raise Unread(f"{source} holds no keys (a JSON object with a list `keys`).")
    return keys


def _read(source: str) -> str:
    if source.startswith(("http://", "https://")):
        return _fetch(source)
    try:
        with Path(source).open("rb") as file:
            return file.read(_MOST_BYTES).decode(errors="replace")
    except OSError as error:
        raise Unread(f"{source} cannot be read ({error.strerror}).") from error


def _fetch(url: str) -> str:
    body = b""
    try:
        with httpx.stream("GET", url, headers={"accept": _ACCEPT}, timeout=10.0) as answer:
            if answer.status_code != httpx.codes.OK:
                raise Unread(f"{_shown(url)} answers {answer.status_code}: the link is wrong, or its time is over.")
            for part in answer.iter_bytes():
                body += part
                if len(body) > _MOST_BYTES:
                    raise Unread(f"{_shown(url)} sends more than a receipt can have.")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Unread(f"{_shown(url)} cannot be reached ({type(error).__name__}).") from error
    return body.decode(errors="replace")


def _shown(url: str) -> str:
    """Without its query: a link's signature is a secret."""
    return url.partition("?")[0]
