"""Whose customers the stack serves: the demo shop's, or those of the site that the user's own list of issuers names."""

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from orchestrator.settings import load_issuers
from servicekit.auth.issuers import Issuer, parse_jwks

ISSUERS = "AIGUY_ISSUERS_FILE"
_TIMEOUT_S = 3.0


class SiteError(Exception):
    """The list of issuers cannot be used. The message is for the person at the terminal."""


@dataclass(frozen=True, slots=True)
class Site:
    """A site of the user's own: the issuer of its customers, and all who are believed."""

    name: str
    issuers: Sequence[Issuer]

    async def unread_keys(self) -> list[str]:
        """One sentence for each address that gives no usable keys now: until it does, its tokens are refused."""
        async with httpx.AsyncClient(timeout=_TIMEOUT_S, trust_env=False) as client:
            found = await asyncio.gather(*(_unread(client, one) for one in self.issuers))
        return [one for one in found if one]


def issuers_file(environment: Mapping[str, str] = os.environ) -> Path | None:
    """The user's own list of issuers, as an absolute path; None: the demo shop's is used."""
    given = environment.get(ISSUERS)
    return Path(given).expanduser().absolute() if given else None


def find_site(environment: Mapping[str, str] = os.environ) -> Site | None:
    """The site of the user's own list; None without one. Raises SiteError."""
    path = issuers_file(environment)
    if path is None:
        return None
    try:
        issuers = load_issuers(path)
    except OSError as error:
        raise SiteError(f"{ISSUERS}: {error.filename or path} cannot be read: {error.strerror}") from error
    except KeyError as error:
        raise SiteError(f"{ISSUERS}: an issuer in {path} lacks {error}") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise SiteError(f'{ISSUERS}: {path} is no list like [{{"iss": "…", "jwks_url": "…"}}]: {error}') from error
    names = [one.iss for one in issuers if one.staff_of is None]
    if not names:
        raise SiteError(f"{ISSUERS}: {path} names no site")
    return Site(names[0], issuers)


async def _unread(client: httpx.AsyncClient, issuer: Issuer) -> str:
    if issuer.jwks_url is None:
        return ""
    try:
        answer = await client.get(issuer.jwks_url)
        why = "" if answer.is_success and parse_jwks(answer.json(), issuer.algorithms) else "it has no usable key"
        why = why if answer.is_success else f"HTTP {answer.status_code}"
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, AttributeError) as error:
        why = type(error).__name__
    return (
        why and f"the keys of {issuer.iss} cannot be read at {issuer.jwks_url} ({why}): it signs nobody in until then"
    )
