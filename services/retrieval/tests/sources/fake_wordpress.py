"""WordPress's REST API (wp/v2) as far as it is documented and used: a server of our own, never their code.

https://developer.wordpress.org/rest-api/reference/posts/
"""

import math
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from servicekit.testing.faulty import Faults
from servicekit.testing.live import live_server

USER, PASSWORD = "reader", "abcd efgh ijkl mnop"
_TAXONOMIES = ("categories", "tags", "product_cat", "product_tag")
_KNOWN = frozenset(
    ("context", "page", "per_page", "order", "orderby", "status", "include", "modified_after", "_fields", "search")
)


@dataclass
class FakeWordPress:
    """A site; entries by kind and number. `closed`: reading needs the application password."""

    base: str = ""
    entries: dict[str, dict[int, dict[str, Any]]] = field(default_factory=lambda: {"posts": {}, "pages": {}})
    terms: dict[str, dict[int, str]] = field(default_factory=dict)
    closed: bool = False
    asked: list[dict[str, str]] = field(default_factory=list)

    def put(self, kind: str, number: int, text: str, at: str = "2026-01-01T10:00:00", **more: Any) -> None:
        """Publishes or changes an entry."""
        self.entries.setdefault(kind, {})[number] = {
            "id": number, "date_gmt": at, "modified_gmt": at, "slug": f"entry-{number}", "status": "publish",
            "type": {"posts": "post", "pages": "page"}.get(kind, kind), "link": f"https://shop.example/{kind}/{number}/",
            "title": {"rendered": f"Entry {number}"}, "content": {"rendered": text, "protected": False},
            "excerpt": {"rendered": "", "protected": False}, "author": 1, "categories": [], "tags": [], **more,
        }  # fmt: skip

    def app(self) -> Starlette:
        """The server."""
        return Starlette(routes=[Route("/wp-json/wp/v2/{kind}", self._list, methods=["GET"])])

    async def _list(self, request: Request) -> Response:
        kind, asked = request.path_params["kind"], request.query_params
        self.asked.append({"kind": kind, **asked})
        given = request.headers.get("authorization")
        if given and given != "Basic " + b64encode(f"{USER}:{PASSWORD}".encode()).decode():
            return _error(401, "incorrect_password")
        if self.closed and not given:
            return _error(401, "rest_not_logged_in")
        if kind in _TAXONOMIES:
            rows: list[dict[str, Any]] = [
                {"id": number, "slug": slug, "name": slug.title()} for number, slug in self.terms.get(kind, {}).items()
            ]
        elif kind in self.entries:
            rows = list(self.entries[kind].values())
        else:
            return _error(404, "rest_no_route")
        if unknown := asked.keys() - _KNOWN:
            raise AssertionError(f"not in the documentation: {unknown}")
        if asked.get("status", "publish") != "publish" or asked.get("context", "view") != "view":
            return _error(401, "rest_forbidden_context")
        return _page([one for one in rows if _matches(one, asked)], asked)


def _matches(row: Mapping[str, Any], asked: Mapping[str, str]) -> bool:
    if row.get("status", "publish") != "publish":
        return False
    if "include" in asked and str(row["id"]) not in asked["include"].split(","):
        return False
    if "modified_after" in asked:
        after = datetime.fromisoformat(asked["modified_after"])
        return datetime.fromisoformat(row["modified_gmt"]).replace(tzinfo=UTC) > after
    return True


def _page(rows: list[dict[str, Any]], asked: Mapping[str, str]) -> Response:
    per_page, page = int(asked.get("per_page", "10")), int(asked.get("page", "1"))
    if not 1 <= per_page <= 100:
        return _error(400, "rest_invalid_param")
    pages = math.ceil(len(rows) / per_page)
    if page > max(pages, 1):
        return _error(400, "rest_post_invalid_page_number")
    rows.sort(key=lambda one: one["id"], reverse=asked.get("order", "desc") == "desc")
    fields = asked["_fields"].split(",") if "_fields" in asked else None
    shown = [{name: one[name] for name in one if fields is None or name in fields} for one in rows]
    headers = {"X-WP-Total": str(len(rows)), "X-WP-TotalPages": str(pages)}
    return JSONResponse(shown[(page - 1) * per_page : page * per_page], headers=headers)


def _error(status: int, code: str) -> Response:
    return JSONResponse({"code": code, "message": "Sorry.", "data": {"status": status}}, status)


@contextmanager
def serve_wordpress() -> Iterator[tuple[FakeWordPress, Faults]]:
    """The site on a port of this machine, and the door for faults."""
    fake = FakeWordPress()
    faults = Faults(fake.app())
    with live_server(cast(FastAPI, faults)) as url:
        fake.base = url
        yield fake, faults
