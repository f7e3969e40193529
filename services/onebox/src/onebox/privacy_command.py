"""`aiguy privacy export|erase --customer`: what is kept of a customer, given out as JSON or erased."""

import json
import time
from typing import Any

import httpx
from rich.console import Console
from rich.markup import escape

GOOD, INCOMPLETE, UNTRIED = 0, 1, 2
_PRIVACY = "/api/agent/privacy"
_TIMEOUT_S = 60.0
#: How long the command waits for the other services before it says that they are still being asked.
_PATIENCE_S = 15.0
_LOOK_EVERY_S = 0.5


def export_customer(url: str, token: str, customer: str, console: Console) -> int:
    """Prints everything as JSON. Returns 0; 1 when a service could not be asked; 2 when nothing could be exported."""
    aside = _aside()
    found = _call("POST", f"{url}{_PRIVACY}/export", token, {"customer": customer}, aside)
    if found is None:
        return UNTRIED
    console.out(json.dumps(found, indent=2, ensure_ascii=False), highlight=False)
    if found["missing"]:
        aside.print(escape(f"Not complete: {', '.join(found['missing'])} could not be asked. Try again later."))
        return INCOMPLETE
    return GOOD


def erase_customer(url: str, token: str, customer: str, console: Console) -> int:
    """Erases and says what was erased, what stays and why. Returns 0; 1 while a service has not answered yet; 2 when
    nothing was erased.
    """
    aside = _aside()
    erased = _call("POST", f"{url}{_PRIVACY}/erase", token, {"customer": customer}, aside)
    if erased is None:
        return UNTRIED
    console.print(f"Erased {erased['conversations']} conversations: their keys are destroyed.")
    until = time.monotonic() + _PATIENCE_S
    while not erased["services"] and time.monotonic() < until:
        time.sleep(_LOOK_EVERY_S)
        erased = _call("GET", f"{url}{_PRIVACY}/requests/{erased['request_id']}", token, None, aside) or erased
    for name, told in sorted(erased["services"].items()):
        counts = ", ".join(f"{kind} {count}" for kind, count in sorted(told["erased"].items()) if count)
        console.print(escape(f"{name}: erased {counts or 'nothing, there was nothing'}"))
        for kind, reason in sorted(told["kept"].items()):
            console.print(escape(f"  kept {kind}: {reason}"))
    if not erased["services"]:
        aside.print(escape("The other services have not answered yet; they are asked until they do."))
        return INCOMPLETE
    return GOOD


def _call(method: str, url: str, token: str, body: dict[str, str] | None, aside: Console) -> dict[str, Any] | None:
    try:
        answer = httpx.request(
            method, url, json=body, headers={"authorization": f"Bearer {token}"}, timeout=_TIMEOUT_S
        )  # fmt: skip
        found: dict[str, Any] = answer.json()
    except (httpx.TransportError, ValueError) as error:
        aside.print(escape(f"{url} cannot be asked ({type(error).__name__}). Does `make up` still run?"))
        return None
    if answer.is_error:
        aside.print(escape(f"{answer.status_code}: {found.get('detail') or found.get('title', 'no details')}"))
        return None
    return found


def _aside() -> Console:
    return Console(stderr=True, highlight=False, soft_wrap=True)
