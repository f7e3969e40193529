"""Where the databases of a stack are, for a command that looks into them from beside it."""

import json
import os
from collections.abc import Mapping
from urllib.parse import urlsplit

from onebox.home import Home
from onebox.servers import running_urls
from onebox.stack import SERVICES
from servicekit.embedded import EmbeddedError

VARIABLE = "AIGUY_DATABASE_URLS"


class DatabasesUnknown(Exception):
    """Nobody says where the databases are; the text is for the person at the terminal."""


def database_urls(home: Home, environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Service to URL: `AIGUY_DATABASE_URLS` (a JSON object) when set, else those of the stack of this machine.

    Raises DatabasesUnknown.
    """
    if given := environment.get(VARIABLE):
        return _given(given)
    try:
        return running_urls(home, SERVICES, environment)
    except EmbeddedError as error:
        raise DatabasesUnknown(
            f"Nothing runs here. Start it with `make up`, or name the databases in {VARIABLE}."
        ) from error


def _given(text: str) -> dict[str, str]:
    try:
        urls = json.loads(text)
    except ValueError:
        urls = None
    if not isinstance(urls, dict) or not urls or not all(isinstance(url, str) for url in urls.values()):
        raise DatabasesUnknown(f'{VARIABLE} must be a JSON object such as {{"orders": "postgresql://…"}}.')
    if unknown := sorted(urls.keys() - set(SERVICES)):
        raise DatabasesUnknown(f"{VARIABLE} names {', '.join(unknown)}; the services are {', '.join(SERVICES)}.")
    if odd := sorted(name for name, url in urls.items() if not _is_postgres(url)):
        # The URL itself is not repeated: it may hold a password.
        raise DatabasesUnknown(f"{VARIABLE}: the URL of {', '.join(odd)} is not of the form postgresql://host/name.")
    return urls


def _is_postgres(url: str) -> bool:
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises ValueError for anything but a number
    except ValueError:
        return False
    return parts.scheme in {"postgresql", "postgres"}
