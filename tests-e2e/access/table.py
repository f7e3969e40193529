"""The table of endpoints, and what it expects of a call."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from servicekit.auth.claims import Role

from .callers import Caller

Expected = Literal["allowed", "itself", "unknown", "refused"]
_ROLES = {
    "staff": (Role.STAFF,), "manager": (Role.STAFF, Role.SERVICE), "service": (Role.SERVICE,),
    "known": tuple(Role), "own": tuple(set(Role) - {Role.GUEST}),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Object:
    """Something that belongs to somebody: what it is asked for by, and words that nobody else may read.

    `owner` is the name of a caller, or None when there is no such thing; `elsewhere`: of the other site;
    `namesake`: somebody at the other site has the same subject.
    """

    name: str
    owner: str | None
    ids: Mapping[str, str]
    words: tuple[str, ...] = ()
    elsewhere: bool = False
    namesake: bool = False


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One row of the table."""

    method: str
    path: str
    may: str
    scope: str = ""
    asks: tuple[dict[str, Any], ...] = ({},)
    answers: tuple[int, ...] = ()
    grant: str = ""
    of_site: Literal["", "person", "object", "list"] = ""

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    def expected(self, caller: Caller, thing: Object, *, knows_elsewhere: bool) -> Expected:
        """What becomes of the call: done, done for the caller alone, a 401, or a refusal."""
        if self.may == "public":
            return "itself"
        if self.may == "link":
            return "refused"
        if self.may in ("callback", "session") or caller.flaw or (caller.elsewhere and not knows_elsewhere):
            return "unknown"
        if not caller.scoped:
            return "refused"
        if self.may == "owner":
            return "allowed" if caller.name == thing.owner else "refused"
        if caller.role not in _ROLES[self.may]:
            return "refused"
        if self.of_site == "list" or self.may == "own":
            return "itself"
        if self.of_site and thing.elsewhere != caller.elsewhere and not (self.of_site == "person" and thing.namesake):
            return "itself" if self.of_site == "person" else "refused"
        return "itself" if self.may == "known" and thing.owner != caller.name else "allowed"

    def filled(self, ask: Mapping[str, Any], ids: Mapping[str, str]) -> dict[str, Any]:
        """The arguments of an httpx request."""
        told: dict[str, Any] = {"url": self.path.format(**ids)}
        if "query" in ask:
            told["params"] = {name: value.format(**ids) for name, value in ask["query"].items()}
        if "body" in ask:
            told["json"] = json.loads(json.dumps(ask["body"]), object_hook=lambda one: _filled(one, ids))
        return told


def _filled(one: dict[str, Any], ids: Mapping[str, str]) -> dict[str, Any]:
    return {name: value.format(**ids) if isinstance(value, str) else value for name, value in one.items()}


def endpoints(service: str) -> tuple[Endpoint, ...]:
    """The rows of a service, in the order of the file."""
    table = yaml.safe_load(Path(__file__).with_name("endpoints.yaml").read_text(encoding="utf-8"))
    return tuple(
        Endpoint(*name.split(" "), **{key: tuple(one) if isinstance(one, list) else one for key, one in row.items()})
        for name, row in (table["everywhere"] | table[service]).items()
    )


def routes(app: FastAPI) -> Iterator[str]:
    """Every route that an app serves, in its document or not, with the names of its parameters left out."""
    for context in iter_route_contexts(app.routes):
        for method in sorted(set(context.methods or ()) - {"HEAD"}):
            yield nameless(f"{method} {context.path}")


def nameless(route: str) -> str:
    """`GET /a/{b}` without the name: `GET /a/{}`."""
    parts = route.split("{")
    return parts[0] + "".join("{}" + part.partition("}")[2] for part in parts[1:])
