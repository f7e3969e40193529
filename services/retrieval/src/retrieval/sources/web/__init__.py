"""Pages of a web site: a polite crawler that never leaves the site and never reaches a private network."""

from retrieval.sources.web.fetcher import Fetcher, Politeness
from retrieval.sources.web.source import SiteSource, site_name

__all__ = ["Fetcher", "Politeness", "SiteSource", "site_name"]
