"""The source of a WordPress site. The first run reads everything, later ones what was modified since; deletions are
found by comparing the numbers of what is published.
"""

import datetime as dt
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from retrieval.sources.port import End, Found, Gone, Item, Kind, Known, Origin, Refused, Skipped, SourceFailed
from retrieval.sources.vouched import Unfit, Vouched
from retrieval.sources.wordpress.posts import FIELDS, TAXONOMIES, document_of, modified_at
from retrieval.sources.wordpress.rest import NoSuchList, WordPressApi

KINDS = ("posts", "pages", "product")
#: A change that was stored a little late, or by a clock that is a little off, is read a second time.
_BATCH = 20
_OVERLAP = dt.timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class WordPressSource:
    """What is published on one site: posts, pages, and products where there are any. Drafts are never asked for."""

    api: WordPressApi
    name: str
    vouched: Vouched = field(default_factory=Vouched)
    kinds: tuple[str, ...] = KINDS
    kind: Kind = Kind.WORDPRESS

    async def read(self, known: Known) -> AsyncIterator[Item]:
        """See `Source.read`."""
        made_with = self.vouched.fingerprint(*self.kinds)
        since = _since(known.cursor, made_with)
        names = {taxonomy: await self._names(taxonomy) for taxonomy in TAXONOMIES}
        newest = since
        there: set[str] = set()
        missing: list[str] = []
        for kind in self.kinds:
            try:
                async for post in self.api.every(kind, {"_fields": "id,status", "orderby": "id", "order": "asc"}):
                    if post.get("status", "publish") == "publish":
                        there.add(f"{kind}:{post.get('id')}")
            except NoSuchList:
                missing.append(kind)
                yield Skipped(f"{self.api.url} {kind}", "does not exist on this site")
                continue
            async for post in self._changed(kind, since, there, known):
                place = f"{kind}:{post.get('id')}"
                if (modified := modified_at(post)) is not None:
                    newest = modified if newest is None else max(newest, modified)
                try:
                    yield Found(document_of(post, names, self.vouched), Origin(place, made_with))
                except Unfit as error:
                    yield _unfit(str(post.get("link") or place), place, known, error)
        if len(missing) == len(self.kinds) or {"posts", "pages"} <= set(missing):
            # An API that is switched off must not look like a site where everything was deleted.
            raise SourceFailed(f"{self.api.url} has neither posts nor pages: is its REST API switched off?")
        if there:  # a site that shows nothing at all has rather closed its API than deleted everything
            for place in known.origins:
                if place not in there:
                    yield Gone(place)
        cursor = json.dumps({"modified": newest.isoformat(), "made_with": made_with}) if newest else ""
        note = "" if there else "Nothing is published there, so nothing was deleted."
        yield End(full_set=False, cursor=cursor, note=note)

    async def close(self) -> None:
        """See `Source.close`."""
        await self.api.close()

    async def _changed(
        self, kind: str, since: dt.datetime | None, there: set[str], known: Known
    ) -> AsyncIterator[dict[str, Any]]:
        asked = {"context": "view", "status": "publish", "_fields": FIELDS, "orderby": "id", "order": "asc"}
        seen: set[str] = set()
        times = {} if since is None else {"modified_after": (since - _OVERLAP).strftime("%Y-%m-%dT%H:%M:%SZ")}
        async for post in self.api.every(kind, asked | times):
            if post.get("status") == "publish":
                seen.add(f"{kind}:{post.get('id')}")
                yield post
        # Those that are published and that nobody has seen: one was taken away while the pages were read, and all
        # after it moved up; or it was dated back.
        missed = [
            one.partition(":")[2] for one in sorted(there - seen - known.origins.keys()) if one.startswith(f"{kind}:")
        ]
        for start in range(0, len(missed), _BATCH):
            async for post in self.api.every(kind, asked | {"include": ",".join(missed[start : start + _BATCH])}):
                if post.get("status") == "publish":
                    yield post

    async def _names(self, taxonomy: str) -> Mapping[int, str]:
        try:
            return {
                one["id"]: str(one.get("slug", ""))
                async for one in self.api.every(taxonomy, {"_fields": "id,slug", "orderby": "id", "order": "asc"})
                if isinstance(one.get("id"), int)
            }
        except NoSuchList:
            return {}


def _unfit(shown: str, place: str, known: Known, error: Unfit) -> Item:
    """A page of pictures or a form has no text: nothing to repair. One that had text before is worth a look."""
    return Refused(place, str(error)) if place in known.origins else Skipped(shown, str(error))


def _since(cursor: str, made_with: str) -> dt.datetime | None:
    """When the last run had read everything; None when it was made with other options, so all is read again."""
    try:
        said = json.loads(cursor) if cursor else {}
        return dt.datetime.fromisoformat(said["modified"]) if said.get("made_with") == made_with else None
    except (ValueError, KeyError, TypeError):
        return None
