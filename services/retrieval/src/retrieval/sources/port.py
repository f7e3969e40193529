"""The port: a source yields documents, refusals with a reason, and at the end whether that was all of it.

Source ── FileSource       a folder or a file: Markdown, HTML, text, PDF
       ├─ SiteSource       the pages of a sitemap
       └─ WordPressSource  posts, pages and products over REST
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeAlias

from contracts.knowledge import Document


class Kind(StrEnum):
    """What a run reads from."""

    FILES = "files"
    SITE = "site"
    WORDPRESS = "wordpress"
    PUSH = "push"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where in its source a document was found, and what lets it be recognised as unchanged there.

    `place` is the source's own name for it: a path, an address, "post:7". `made_with` names the options and the
    version of the reader that made the document: other ones would make another document of the same page.
    """

    place: str
    made_with: str = ""
    etag: str = ""
    last_modified: str = ""
    lastmod: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """What an earlier run left: origins by place, and the cursor of the last run that came to its end."""

    origins: Mapping[str, Origin]
    cursor: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """A document. Storing it again costs nothing when it has not changed. `dated` is False when its date is only a
    guess: the stored date is kept then, as long as nothing else has changed.
    """

    document: Document
    origin: Origin
    dated: bool = True


@dataclass(frozen=True, slots=True)
class Same:
    """The document from that place has not changed, says the source; it was not read."""

    origin: Origin


@dataclass(frozen=True, slots=True)
class Gone:
    """There is nothing at that place any more."""

    place: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Could not be taken, and somebody should look. What was stored from that place before stays."""

    place: str
    reason: str


@dataclass(frozen=True, slots=True)
class Skipped:
    """Is no document of a kind that is read here; no harm done."""

    place: str
    reason: str


@dataclass(frozen=True, slots=True)
class Total:
    """How many items are to come, for a source that knows; for the progress bar alone."""

    count: int


@dataclass(frozen=True, slots=True)
class End:
    """The last item of a source that was read to its end.

    `full_set`: the items were all there is, so documents from other places are gone. Otherwise they were only what has
    changed. `cursor`: where the next run goes on; kept when nothing was refused. `note` is for the report.
    """

    full_set: bool
    cursor: str = ""
    note: str = ""


Item: TypeAlias = Total | Found | Same | Gone | Refused | Skipped | End


class SourceFailed(Exception):
    """The source as a whole cannot be read. The text says why, for the person who asked for it."""


class Source(Protocol):
    """A set of documents. `name` is the one they are kept under; one run per name at a time."""

    @property
    def name(self) -> str:
        """The name of the set."""

    @property
    def kind(self) -> Kind:
        """What it is."""

    def read(self, known: Known) -> AsyncIterator[Item]:
        """The items, ending with one `End`. Raises SourceFailed."""

    async def close(self) -> None:
        """Lets go of connections."""
