"""`aiguy usage`: what the models cost day by day, what the month will come to, and which cap that reaches when."""

import json
from collections.abc import Mapping
from typing import Any

import httpx
from rich.console import Console
from rich.markup import escape
from rich.table import Table

GOOD, UNTRIED = 0, 2
_USAGE = "/api/agent/usage"
_TIMEOUT_S = 30.0
_CAPS = {"shop_day": "a day", "shop_month": "a month"}
_BASED_ON = {
    "none": "no whole day is over yet",
    "mean": "the mean of {days} whole days",
    "weekday": "the weekdays of {days} whole days",
}


def show_usage(url: str, token: str, console: Console, *, as_json: bool = False) -> int:
    """Prints the usage. Returns 0, or 2 when the orchestrator did not answer, which is said on standard error."""
    aside = Console(stderr=True, highlight=False, soft_wrap=True)
    try:
        answer = httpx.get(url + _USAGE, headers={"authorization": f"Bearer {token}"}, timeout=_TIMEOUT_S)
        found: dict[str, Any] = answer.json()
    except (httpx.TransportError, ValueError) as error:
        aside.print(escape(f"{url} cannot be asked ({type(error).__name__}). Does `make up` still run?"))
        return UNTRIED
    if answer.status_code != httpx.codes.OK:
        aside.print(escape(f"{answer.status_code}: {found.get('detail') or found.get('title', 'no details')}"))
        return UNTRIED
    if as_json:
        console.out(json.dumps(found, indent=2, ensure_ascii=False), highlight=False)
    else:
        _show(found, console)
    return GOOD


def _show(found: Mapping[str, Any], console: Console) -> None:
    table = Table("day", "turns", "tokens", "cost", box=None, pad_edge=False)
    for day in found["days"]:
        table.add_row(day["day"], str(day["turns"]), f"{day['tokens']:,}", _usd(day["cost_usd"]))
    if found["days"]:
        console.print(table)
    else:
        console.print("No turn has ended this month.")
    for model in found["month"]:
        if not model["priced"]:
            console.print(
                escape(f"The price of {model['model']} is not known: its tokens count, and cost nothing here.")
            )
    spent = sum(day["cost_usd"] for day in found["days"])
    forecast = found["forecast"]
    based_on = _BASED_ON[forecast["method"]].format(days=forecast["days"])
    console.print(f"\nThis month so far: {_usd(spent)}")
    if forecast["method"] == "none":
        console.print(f"Forecast: {based_on}.")
    else:
        interval = f"{_usd(forecast['low_usd'])} to {_usd(forecast['high_usd'])}"
        sure = f"{forecast['confidence']:.0%}"
        console.print(f"Forecast: {_usd(forecast['month_usd'])} ({sure}: {interval}), from {based_on}.")
    for cap in found["caps"]:
        console.print(_cap_line(cap))
    console.print(f"Turns begin now at level: {found['level']}")


def _cap_line(cap: Mapping[str, Any]) -> str:
    name = _CAPS[cap["cap"]]
    if cap["usd"] is None and cap["tokens"] is None:
        return f"No cap for {name}."
    amount = _usd(cap["usd"]) if cap["usd"] is not None else f"{cap['tokens']:,} tokens"
    when = f"reached on {cap['reached_on']} if it goes on like this" if cap["reached_on"] else "not reached this month"
    return f"Cap of {amount} for {name}: {cap['used']:.0%} used, {when}."


def _usd(amount: float) -> str:
    return f"${amount:,.2f}"
