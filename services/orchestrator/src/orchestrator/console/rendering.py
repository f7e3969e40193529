"""Pages from templates. All values are escaped; no page has a script or a style of its own, and the CSP says so."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from contracts.money import decimal_digits

HERE = Path(__file__).parent
STATIC = HERE / "static"
HEADERS: Mapping[str, str] = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:;"
        " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "cache-control": "no-store",
    "referrer-policy": "same-origin",
    "x-frame-options": "DENY",
}
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


class Templates:
    """The templates of the console; built once."""

    def __init__(self, folder: Path = HERE / "templates") -> None:
        self._environment = Environment(
            loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
            lstrip_blocks=True,
        )  # fmt: skip
        self._environment.filters |= {
            "ago": ago, "lasted": lasted, "clock": clock, "words": words, "dollars": dollars, "day": day,
            "day_before": day_before, "query": query, "span": span, "money": money,
        }  # fmt: skip
        version = sha256(b"".join(one.read_bytes() for one in sorted(STATIC.iterdir()))).hexdigest()[:12]
        self._environment.globals |= {"version": version, "infinity": math.inf}

    def text(self, name: str, **values: Any) -> str:
        """A template, filled in. Raises jinja2's errors for a value that is missing."""
        return self._environment.get_template(name).render(**values)

    def page(self, name: str, status: int = 200, **values: Any) -> HTMLResponse:
        """A template as an answer that nobody keeps."""
        return HTMLResponse(self.text(name, **values), status, dict(HEADERS))


def ago(at: datetime | None, now: datetime | None = None) -> str:
    """How long ago something was: `12 min`."""
    if at is None:
        return ""
    return lasted((now or datetime.now(UTC)) - at)


def lasted(time: timedelta | None) -> str:
    """How long something took: `12 min`."""
    if time is None:
        return ""
    seconds = max(0, int(time.total_seconds()))
    for size, unit in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def clock(at: datetime | None) -> str:
    """When something was, in UTC."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC") if at else ""


def day(at: datetime) -> str:
    """The day of a moment, in UTC."""
    return at.astimezone(UTC).date().isoformat()


def day_before(end: datetime) -> str:
    """The last day of a time that ends with the day before this one."""
    return day(end - timedelta(microseconds=1))


def query(fields: Mapping[str, str]) -> str:
    """Fields as the end of an address: `?a=1&b=2`, nothing without any."""
    return f"?{urlencode(fields)}" if fields else ""


def span(seconds: float) -> str:
    """How long something took: `42 s`, `3.5 min`, `2.0 h`."""
    if seconds < _MINUTE:
        return f"{seconds:.0f} s"
    return f"{seconds / _MINUTE:.1f} min" if seconds < _HOUR else f"{seconds / _HOUR:.1f} h"


def money(minor: int, currency: str) -> str:
    """Minor units as an amount, however large: `1,250.00 USD`."""
    digits = decimal_digits(currency)
    return f"{Decimal(minor).scaleb(-digits):,.{digits}f} {currency}"


def words(code: str) -> str:
    """A code as words: `customer_asked` is `customer asked`."""
    return code.replace("_", " ")


def dollars(micros: int) -> str:
    """Micro-dollars as dollars."""
    return f"${micros / 1_000_000:.4f}"
