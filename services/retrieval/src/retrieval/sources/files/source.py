"""The source of files. A folder is a full set: a file that is gone takes its document along; one file alone is not."""

import asyncio
import datetime as dt
import os
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from contracts.knowledge import MAX_BODY, Document
from retrieval.markdown_file import MarkdownFileError, markdown_document
from retrieval.sources.decoding import Undecodable, decode
from retrieval.sources.files.kinds import FileKind, kind_of, why_not
from retrieval.sources.pages import read_page
from retrieval.sources.pdf import PdfLimits, read_pdf
from retrieval.sources.port import End, Found, Item, Kind, Known, Origin, Refused, Skipped, SourceFailed, Total
from retrieval.sources.vouched import Unfit, Vouched

MAX_TEXT_BYTES = 8 * MAX_BODY
MAX_PDF_BYTES = 50 * 1024 * 1024
_LONGEST_TITLE_LINE = 120


@dataclass(frozen=True, slots=True)
class FileSource:
    """All files below `root`, or the one file that it is.

    `base_url` is where the files are published: `delivery/costs.md` becomes `<base_url>/delivery/costs`. Without it a
    document is known by its path and is cited by its title.
    """

    root: Path
    name: str
    vouched: Vouched = field(default_factory=Vouched)
    base_url: str | None = None
    whole: bool = True
    pdf_limits: PdfLimits = field(default_factory=PdfLimits)
    kind: Kind = Kind.FILES

    async def read(self, known: Known) -> AsyncIterator[Item]:
        """See `Source.read`."""
        if not self.root.exists():
            raise SourceFailed(f"There is no file or folder {self.root}.")
        try:
            paths = await asyncio.to_thread(lambda: sorted(_files(self.root)))
        except OSError as error:
            raise SourceFailed(f"{self.root} cannot be read ({error.strerror}).") from error
        yield Total(len(paths))
        taken: dict[str, str] = {}
        for path in paths:
            place = path.name if path == self.root else path.relative_to(self.root).as_posix()
            kind = kind_of(path)
            if kind is None:
                yield Refused(place, why_not(path)) if path == self.root else Skipped(place, why_not(path))
                continue
            try:
                document = await self._document(path, place, kind)
            except (Unfit, Undecodable, MarkdownFileError) as error:
                yield Refused(_shown(place), str(error))
                continue
            except OSError as error:
                yield Refused(_shown(place), f"cannot be read ({error.strerror})")
                continue
            if document.id in taken:
                yield Refused(_shown(place), f"has the same url as {taken[document.id]}")
                continue
            taken[document.id] = _shown(place)
            yield Found(document, Origin(_shown(place), self.vouched.fingerprint(self.base_url or "")))
        # A folder that holds nothing of ours is rather a wrong path than an order to delete all.
        yield End(full_set=self.whole and self.root.is_dir() and bool(taken))

    async def close(self) -> None:
        """Nothing is open."""

    async def _document(self, path: Path, place: str, kind: FileKind) -> Document:
        state = await asyncio.to_thread(path.stat)
        most = MAX_PDF_BYTES if kind is FileKind.PDF else MAX_TEXT_BYTES
        if state.st_size > most:
            raise Unfit(f"is {state.st_size / 1e6:,.0f} MB; the most is {most / 1e6:,.0f} MB")
        updated = dt.datetime.fromtimestamp(max(0.0, state.st_mtime), dt.UTC).replace(microsecond=0)
        url = self._url(place)
        if kind is FileKind.PDF:
            text = await read_pdf(path, self.pdf_limits)
            title = text.title.strip() or _name(path)
            return self.vouched.document(url=url, title=title, body=text.markdown, updated_at=updated)
        return await asyncio.to_thread(self._parsed, path, kind, url, updated)

    def _parsed(self, path: Path, kind: FileKind, url: str, updated: dt.datetime) -> Document:
        raw = path.read_bytes()
        if kind is FileKind.HTML:
            page = read_page(raw)
            where = url if self.base_url or not page.canonical.startswith("http") else page.canonical
            return self.vouched.document(
                url=where, title=page.title or _name(path), body=page.markdown, updated_at=page.modified or updated
            )
        text = decode(raw)
        if kind is FileKind.TEXT:
            first = next((line.strip() for line in text.splitlines() if line.strip()), "")
            title = first if 0 < len(first) <= _LONGEST_TITLE_LINE else _name(path)
            return self.vouched.document(url=url, title=title, body=text, updated_at=updated)
        mdx = path.suffix.lower() == ".mdx"
        return markdown_document(text, vouched=self.vouched, url=url, name=_name(path), updated_at=updated, mdx=mdx)

    def _url(self, place: str) -> str:
        if self.base_url is None:
            # The name of the set is part of it: two folders may both hold an index.md.
            return "kb:" + quote(f"{self.name.removeprefix('folder:')}/{place}".encode("utf-8", "surrogateescape"))
        stem, dot, ending = place.rpartition(".")
        page = stem if dot and f".{ending.lower()}" != ".pdf" else place
        page = re.sub(r"(^|/)(index|README)$", r"\1", page)
        return f"{self.base_url.rstrip('/')}/{quote(page.encode('utf-8', 'surrogateescape'))}"


def _files(root: Path) -> Iterator[Path]:
    """The files below `root`, without hidden ones. Links are not followed: they may lead out of the folder."""
    if root.is_file():
        yield root
        return
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(one for one in folders if not one.startswith(".") and one != "node_modules")
        for name in names:
            path = Path(folder) / name
            if not name.startswith(".") and path.is_file() and not path.is_symlink():
                yield path


def _shown(place: str) -> str:
    return place.encode("utf-8", "replace").decode()


def _name(path: Path) -> str:
    words = re.sub(r"[-_\s]+", " ", _shown(path.stem)).strip()
    return words[:1].upper() + words[1:] or "Untitled"
