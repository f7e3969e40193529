"""Which source a path or an address means."""

import ipaddress
import re
from dataclasses import dataclass, field
from pathlib import Path

from yarl import URL

from retrieval.sources.files import FileSource
from retrieval.sources.port import Source, SourceFailed
from retrieval.sources.settings import IngestSettings
from retrieval.sources.vouched import Vouched
from retrieval.sources.web import Fetcher, Politeness, SiteSource, site_name
from retrieval.sources.web.addresses import AddressGuard
from retrieval.sources.wordpress import WordPressSource
from retrieval.sources.wordpress.rest import WordPressApi
from servicekit.clock import Clock
from servicekit.http.httpx_client import HttpxClient

#: Said instead of an address: the site of AIGUY_WORDPRESS_URL.
WORDPRESS = "wordpress"


@dataclass(frozen=True, slots=True)
class Asked:
    """An order to ingest, as the command line gives it. `interval_s` is between two requests to a site."""

    target: str
    vouched: Vouched = field(default_factory=Vouched)
    name: str | None = None
    base_url: str | None = None
    keep_missing: bool = False
    hosts: tuple[str, ...] = ()
    below: tuple[str, ...] = ()
    private: tuple[str, ...] = ()
    max_pages: int = 2000
    interval_s: float = 1.0


def choose(asked: Asked, settings: IngestSettings, clock: Clock) -> Source:
    """The source. Raises SourceFailed when the order makes no sense."""
    if asked.target == WORDPRESS and not Path(asked.target).exists():
        return _wordpress(asked, settings)
    if re.match(r"https?://", asked.target, re.IGNORECASE):
        return _site(asked, clock)
    if "://" in asked.target:
        raise SourceFailed("Only files, http:// and https:// can be read.")
    root = Path(asked.target)
    named_after = root if root.is_dir() else root.resolve().parent
    return FileSource(root, asked.name or source_of(named_after), asked.vouched, asked.base_url)


def source_of(folder: Path) -> str:
    """The name under which a folder's documents are kept."""
    return "folder:" + (re.sub(r"[^A-Za-z0-9._-]", "-", folder.resolve().name) or "root")[:57]


def _site(asked: Asked, clock: Clock) -> SiteSource:
    try:
        start = URL(asked.target).with_fragment(None)
        hosts = frozenset(one.lower() for one in (start.host or "", *asked.hosts))
        guard = AddressGuard(tuple(ipaddress.ip_network(one) for one in asked.private))
    except ValueError as error:
        raise SourceFailed(f"{asked.target}: {error}.") from error
    fetcher = Fetcher(start, hosts, guard, Politeness(interval_s=asked.interval_s))
    return SiteSource(
        start, asked.name or site_name(start), fetcher, clock, asked.vouched, asked.max_pages, asked.below
    )


def _wordpress(asked: Asked, settings: IngestSettings) -> WordPressSource:
    if not settings.wordpress_url:
        raise SourceFailed("Set AIGUY_WORDPRESS_URL to the address of the site.")
    password = settings.wordpress_app_password
    api = WordPressApi(
        settings.wordpress_url, HttpxClient(), settings.wordpress_user or "",
        password.get_secret_value() if password else "",
    )  # fmt: skip
    host = URL(settings.wordpress_url).host or "site"
    name = asked.name or "wordpress:" + re.sub(r"[^A-Za-z0-9._-]", "-", host)[:54]
    return WordPressSource(api, name, asked.vouched)
