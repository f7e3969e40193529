"""The four calls of Zendesk's Ticketing API that are needed, and what they answer."""

from dataclasses import dataclass
from typing import Any

from servicekit.http.remote import RemoteApi, RemoteFailure

SYSTEM = "zendesk"
#: An external id of ours has one ticket. More pages than this mean that they do not filter, and then none is ours.
_MOST_PAGES = 3


@dataclass(frozen=True, slots=True)
class ZendeskTicket:
    """A ticket of theirs; `status` is in their words (`new`, `open`, `pending`, `hold`, `solved`, `closed`)."""

    id: int
    status: str


@dataclass(frozen=True, slots=True)
class ZendeskApi:
    """The calls raise RemoteFailure."""

    api: RemoteApi

    async def create(self, ticket: dict[str, Any], key: str) -> ZendeskTicket:
        """A new ticket. Within two hours the same key gives the first one again; with another body it is `rejected`."""
        answer = await self.api.call(
            "POST", "/api/v2/tickets.json", body={"ticket": ticket}, headers={"idempotency-key": key}
        )
        return _ticket(_field(answer.body, "ticket"))

    async def find(self, external_id: str) -> ZendeskTicket | None:
        """The oldest ticket with exactly that external id."""
        found: list[ZendeskTicket] = []
        for page in range(1, _MOST_PAGES + 1):
            query = {"external_id": external_id, "sort_by": "id", "sort_order": "asc", "page": str(page)}
            body = (await self.api.call("GET", "/api/v2/tickets.json", query=query)).body
            listed = _field(body, "tickets")
            if not isinstance(listed, list):
                raise _garbage()
            found += (_ticket(one) for one in listed if isinstance(one, dict) and one.get("external_id") == external_id)
            if found or not body.get("next_page"):
                break
        return min(found, key=lambda ticket: ticket.id, default=None)

    async def person(self, external_id: str, name: str) -> int:
        """The id of the end user with that external id, who is made when there is none."""
        user = {"name": name, "external_id": external_id}
        answer = await self.api.call("POST", "/api/v2/users/create_or_update.json", body={"user": user})
        found = _field(_field(answer.body, "user"), "id")
        if not isinstance(found, int):
            raise _garbage()
        return found

    async def delete(self, number: str) -> bool:
        """Moves a ticket to their bin, from which they delete it for good after 30 days; False when it is gone."""
        try:
            await self.api.call("DELETE", f"/api/v2/tickets/{number}.json")
        except RemoteFailure as failure:
            if failure.kind == "not_found":
                return False
            raise
        return True


def _ticket(found: Any) -> ZendeskTicket:
    number, status = _field(found, "id"), _field(found, "status")
    if not isinstance(number, int) or not isinstance(status, str):
        raise _garbage()
    return ZendeskTicket(number, status)


def _field(body: Any, name: str) -> Any:
    if not isinstance(body, dict) or name not in body:
        raise _garbage()
    return body[name]


def _garbage() -> RemoteFailure:
    return RemoteFailure(SYSTEM, "garbage")
