"""Facts and hand-written pages in, documents out. The same files always give the same documents."""

import datetime as dt
import random
import re
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from .template import TemplateError, render

HERE = Path(__file__).parent
SITES = {
    "bank": "https://www.harbourvale.example/help/",
    "desk": "https://desk.harbourvale.example/procedures/",
    "volt": "https://www.voltbay.example/help/",
    "linnea": "https://www.linneamoss.example/service/",
}
_FIRST_DAY = dt.datetime(2025, 1, 7, tzinfo=dt.UTC)
_DAYS = 480
_PAGE = re.compile(r"^@@@ ", re.MULTILINE)
_HEADING = re.compile(r"\n(#+ )")
_GAPS = re.compile(r"\n{3,}")


def documents() -> list[dict[str, Any]]:
    """All pages: url, title, body (Markdown), tags, is_policy, updated_at (UTC). Raises `TemplateError`."""
    facts = {path.stem: yaml.safe_load(path.read_text("utf-8")) for path in sorted((HERE / "facts").glob("*.yaml"))}
    blocks = dict(_blocks((HERE / "blocks.md").read_text("utf-8")))
    return [
        _document(path.stem, header, body, {**facts["general"], **member}, blocks)
        for path in sorted((HERE / "pages").glob("*.md"))
        for header, body in _sections(path.read_text("utf-8"))
        for member in _members(header, facts)
    ]


def slug_of(document: Mapping[str, Any]) -> str:
    """The last part of the URL, by which the questions name a document."""
    return str(document["url"]).rsplit("/", 1)[-1]


def _document(
    group: str, header: Mapping[str, str], body: str, facts: Mapping[str, object], blocks: Mapping[str, str]
) -> dict[str, Any]:
    chance = random.Random(0)
    try:
        slug, title, tags = (render(header[name], facts, blocks, chance) for name in ("slug", "title", "tags"))
        chance = random.Random(zlib.crc32(slug.encode()))
        text = render(body, facts, blocks, chance)
    except (TemplateError, KeyError) as error:
        raise TemplateError(f"{group}: {header['slug']}: {error}") from error
    return {
        "url": SITES[header["site"]] + slug,
        "title": title,
        "body": _GAPS.sub("\n\n", _HEADING.sub(r"\n\n\1", f"# {title}\n\n{text.strip()}")).strip(),
        "tags": tags.split(),
        "is_policy": header.get("policy") == "yes",
        "updated_at": _FIRST_DAY + dt.timedelta(days=chance.randrange(_DAYS)),
    }


def _members(header: Mapping[str, str], facts: Mapping[str, Any]) -> list[Mapping[str, object]]:
    """The facts of each document that a page becomes: one per member of the family, or just one."""
    if "for" not in header:
        return [{}]
    family, _, wish = header["for"].partition(" ")
    return [member for member in facts[family] if not wish or member.get(wish)]


def _sections(text: str) -> Iterator[tuple[dict[str, str], str]]:
    """Each page of a file: `@@@ site slug | title | tags | for: family wish | policy: yes`, then its text."""
    for section in _PAGE.split(text)[1:]:
        line, _, body = section.partition("\n")
        address, title, tags, *others = (part.strip() for part in line.split("|"))
        site, slug = address.split(" ")
        header = {"site": site, "slug": slug, "title": title, "tags": tags}
        header |= {name.strip(): value.strip() for name, _, value in (other.partition(":") for other in others)}
        yield header, body


def _blocks(text: str) -> Iterator[tuple[str, str]]:
    for section in _PAGE.split(text)[1:]:
        name, _, body = section.partition("\n")
        yield name.strip(), body.strip()
