"""What the person who starts an ingest says about all documents of a source; a document's own front matter wins."""

import datetime as dt
import hashlib
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from contracts.knowledge import MAX_BODY, Document
from contracts.schema import canonical_json
from contracts.tools.retrieval import Channel
from retrieval.sources.readable import one_line, readable

#: Raise it when the readers make another text of the same page: pages that have not changed are then read again.
READER_VERSION = "1"
_MAX_TITLE = 200


class Unfit(ValueError):
    """What was read is no document; the text says why, for a person."""


@dataclass(frozen=True, slots=True)
class Vouched:
    """Whoever runs the command on a source vouches for it, unless they say `reviewed=False`."""

    reviewed: bool = True
    tags: tuple[str, ...] = ()
    channels: tuple[Channel, ...] = tuple(Channel)
    ttl_days: int | None = None
    is_policy: bool = False

    def fingerprint(self, *more: str) -> str:
        """A short name of these options and the reader's version."""
        said = [READER_VERSION, self.reviewed, self.tags, self.channels, self.ttl_days, self.is_policy, *more]
        return hashlib.sha256(canonical_json(said)).hexdigest()[:16]

    def document(self, *, url: str, title: str, body: str, updated_at: dt.datetime, **own: Any) -> Document:
        """The document; what is in `own` (fields of `Document`) wins over what was vouched. Raises Unfit."""
        text = readable(body).strip()
        if not text:
            raise Unfit("has no text")
        if len(text) > MAX_BODY:
            raise Unfit(f"has {len(text):,} characters of text; the most is {MAX_BODY:,}. Split it into several pages")
        fields: dict[str, Any] = {
            "reviewed": self.reviewed, "channels": self.channels, "ttl_days": self.ttl_days,
            "is_policy": self.is_policy,
        }  # fmt: skip
        fields |= own
        try:
            fields["tags"] = tuple(dict.fromkeys((*self.tags, *fields.get("tags", ()))))
            heading = one_line(title)[:_MAX_TITLE].strip() if isinstance(title, str) else title
            return Document.model_validate(
                {**fields, "url": url, "title": heading, "body": text, "updated_at": updated_at}
            )
        except (ValidationError, TypeError) as error:
            raise Unfit(said_plainly(error)) from error


def said_plainly(error: ValidationError | TypeError) -> str:
    """The first thing that is wrong, in one line."""
    if isinstance(error, TypeError):
        return "tags: must be a list of words"
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    return f"{'.'.join(map(str, first['loc'])) or 'document'}: {first['msg']}"
