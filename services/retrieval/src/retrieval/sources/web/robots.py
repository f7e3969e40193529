"""What a site's robots.txt lets us do (RFC 9309), one file per host and port."""

from protego import Protego
from yarl import URL

from retrieval.sources.port import SourceFailed
from retrieval.sources.web.fetcher import ROBOT, Fetcher, FetchFailed, FetchRefused

_MOST_BYTES = 500_000
_LONGEST_DELAY_S = 3600.0


class Robots:
    """The rules of the hosts that were asked so far."""

    def __init__(self, fetcher: Fetcher) -> None:
        self._fetcher = fetcher
        self._rules: dict[URL, Protego] = {}

    async def learn(self, url: URL) -> None:
        """Reads the rules of the host of `url`, once. Raises SourceFailed when it cannot be told what they are."""
        origin = url.origin()
        if origin in self._rules:
            return
        try:
            answer = await self._fetcher.get(origin / "robots.txt")
        except (FetchFailed, FetchRefused) as error:
            raise SourceFailed(f"{origin}/robots.txt {error}.") from error
        if answer.status >= 500 or answer.status == 429:
            raise SourceFailed(f"{origin}/robots.txt cannot be read ({answer.status}), so nothing else is either.")
        text = answer.body[:_MOST_BYTES].decode("utf-8", "replace") if answer.status == 200 else ""
        rules = self._rules[origin] = Protego.parse(text)
        delay = rules.crawl_delay(ROBOT)
        if delay is not None:
            self._fetcher.interval_s = max(self._fetcher.interval_s, min(float(delay), _LONGEST_DELAY_S))

    async def why_not(self, url: URL) -> str:
        """Why a page may not be read; empty when it may. Raises SourceFailed, as `learn`."""
        await self.learn(url)
        allowed = self._rules[url.origin()].can_fetch(str(url), ROBOT)
        return "" if allowed else "is closed to robots by the site (robots.txt)"

    def sitemaps(self, url: URL) -> list[str]:
        """The sitemaps that the host of `url` names."""
        rules = self._rules.get(url.origin())
        return list(rules.sitemaps) if rules else []
