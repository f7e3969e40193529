"""The attacks of attacks.yaml as requests: payloads in each place where no running text stands, and whole requests."""

import html
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import yaml

_FILE = Path(__file__).parent / "attacks.yaml"
#: Refused as an attack; what cannot be read at all is a 400.
REFUSED = frozenset({403})
CLOSED = frozenset({400, 403})
BOUNDARY = "----aiguyboundary"


@dataclass(frozen=True, slots=True)
class Attack:
    """One attack: the CRS family whose work it is, where the payload stands, and the answers that refuse it."""

    family: str
    name: str
    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None
    refused: frozenset[int] = REFUSED

    def request(self, client: httpx.AsyncClient) -> httpx.Request:
        """It, ready to be sent."""
        return client.build_request(self.method, self.url, headers=dict(self.headers), content=self.body)


def read_attacks() -> Iterator[Attack]:
    """All of them, in the order of the file."""
    told = yaml.safe_load(_FILE.read_text("utf-8"))
    for family, group in told["payloads"].items():
        for payload in group["payloads"]:
            for place in group.get("places", told["places"]):
                yield _PLACES[place](str(family), payload)
    for family, requests in told["requests"].items():
        for one in requests:
            yield _whole(str(family), one)


def _whole(family: str, one: dict[str, Any]) -> Attack:
    body = one.get("body")
    refused = CLOSED if one.get("unreadable") else REFUSED
    url = quote(one["path"], safe="/?&=%:;,+@!$*()'~#[]")
    return Attack(family, str(one), one.get("method", "GET"), url, one.get("headers", {}),
                  None if body is None else body.encode(), refused)  # fmt: skip


def _query(family: str, payload: str) -> Attack:
    return Attack(family, f"query: {payload}", "GET", f"/api/agent/approvals?limit={quote(payload, safe='')}", {}, None)


def _name(family: str, payload: str) -> Attack:
    return Attack(family, f"name: {payload}", "GET", f"/api/agent/approvals?{quote(payload, safe='')}=1", {}, None)


def _twice(family: str, payload: str) -> Attack:
    twice = quote(quote(payload, safe=""), safe="")
    return Attack(family, f"encoded twice: {payload}", "GET", f"/api/agent/approvals?limit={twice}", {}, None)


def _cookie(family: str, payload: str) -> Attack:
    value = payload.replace(";", "%3B").replace("\r", "%0d").replace("\n", "%0a")
    cookie = {"cookie": f"shop={quote(value, safe=_PRINTABLE)}"}
    return Attack(family, f"cookie: {payload}", "GET", "/", cookie, None)


def _json(template: str) -> Callable[[str, str], Attack]:
    def placed(family: str, payload: str) -> Attack:
        written = httpx.Request("POST", "http://x", json=payload).content.decode()
        body = template.replace("PAYLOAD", written).encode()
        return Attack(family, f"json: {payload}", "POST", "/api/agent/conversations", _JSON, body)

    return placed


def _form(family: str, payload: str) -> Attack:
    body = f"page={quote(payload, safe='')}".encode()
    return Attack(family, f"form: {payload}", "POST", "/api/agent/conversations", _FORM, body)


def _part(family: str, payload: str) -> Attack:
    body = f'--{BOUNDARY}\r\ncontent-disposition: form-data; name="page"\r\n\r\n{payload}\r\n--{BOUNDARY}--\r\n'
    headers = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}
    return Attack(family, f"part: {payload}", "POST", "/api/agent/conversations", headers, body.encode())


def _agent(family: str, payload: str) -> Attack:
    return Attack(family, f"user-agent: {payload}", "GET", "/openapi.json", {"user-agent": payload}, None)


def _referer(family: str, payload: str) -> Attack:
    return Attack(family, f"referer: {payload}", "GET", "/openapi.json", {"referer": payload}, None)


def _entities(family: str, payload: str) -> Attack:
    hidden = "".join(f"&#x{ord(letter):x};" if letter in "<>()'\"" else letter for letter in payload)
    assert html.unescape(hidden) == payload
    return _query(family, hidden)


def _token(family: str, payload: str) -> Attack:
    return Attack(family, f"token: {payload}", "GET", "/openapi.json", {"authorization": f"Bearer {payload}"}, None)


_PRINTABLE = "".join(chr(code) for code in range(33, 127) if chr(code) != ";") + " "
_JSON = {"content-type": "application/json"}
_FORM = {"content-type": "application/x-www-form-urlencoded"}
_PLACES: Mapping[str, Callable[[str, str], Attack]] = {
    "query": _query, "name": _name, "twice": _twice, "cookie": _cookie, "form": _form, "part": _part, "agent": _agent,
    "referer": _referer, "entities": _entities, "token": _token,
    "field": _json('{"context": {"page": PAYLOAD}}'), "list": _json('{"context": [1, ["x", PAYLOAD]]}'),
}  # fmt: skip
