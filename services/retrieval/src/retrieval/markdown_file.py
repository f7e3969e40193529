"""A Markdown file with front matter, as a `Document`.

---
title: Warranty
url: https://shop.example/help/warranty
reviewed: true
updated_at: 2026-02-16
policy: true
tags: [warranty]
channels: [web, email]
ttl_days: 365
---
# Warranty …
"""

import datetime as dt
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from retrieval.documents import MAX_BODY, Document

_FENCE = "---"


class MarkdownFileError(ValueError):
    """The file cannot become a document; the text says why, for the person who wrote it."""


def read_document(path: Path) -> Document:
    """The document in `path`. Raises `MarkdownFileError` for anything wrong with it."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise MarkdownFileError("cannot be read") from error
    if len(raw) > 4 * MAX_BODY:
        raise MarkdownFileError(f"is larger than {4 * MAX_BODY} bytes")
    try:
        return parse_document(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise MarkdownFileError("is not UTF-8") from error


def parse_document(text: str) -> Document:
    """The document that `text` spells. Raises `MarkdownFileError`."""
    matter, body = _split(text)
    fields = {("is_policy" if name == "policy" else name): value for name, value in matter.items()}
    fields["updated_at"] = _instant(fields.get("updated_at"))
    for name in ("tags", "channels"):
        if isinstance(fields.get(name), str):
            fields[name] = [fields[name]]
    try:
        return Document.model_validate({**fields, "body": body})
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(map(str, first["loc"])) or "document"
        raise MarkdownFileError(f"{place}: {first['msg']}") from error


def _split(text: str) -> tuple[dict[str, Any], str]:
    lines = text.splitlines()
    if not lines or lines[0].strip() != _FENCE:
        raise MarkdownFileError("has no front matter: the first line must be ---")
    try:
        end = next(number for number, line in enumerate(lines[1:], start=1) if line.strip() == _FENCE)
    except StopIteration:
        raise MarkdownFileError("has front matter that is not closed by ---") from None
    try:
        matter = yaml.safe_load("\n".join(lines[1:end]))
    except yaml.YAMLError as error:
        raise MarkdownFileError("has front matter that is not valid YAML") from error
    if not isinstance(matter, dict) or not all(isinstance(name, str) for name in matter):
        raise MarkdownFileError("has front matter that is not a list of names and values")
    return matter, "\n".join(lines[end + 1 :]).strip()


def _instant(value: Any) -> Any:
    """YAML gives a day as a date and a time without zone as a naive one; both are meant in UTC."""
    if isinstance(value, dt.datetime):
        return value if value.tzinfo else value.replace(tzinfo=dt.UTC)
    if isinstance(value, dt.date):
        return dt.datetime(value.year, value.month, value.day, tzinfo=dt.UTC)
    return value
