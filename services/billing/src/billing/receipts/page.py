"""The receipt as a page that fits a telephone: no script, nothing loaded from elsewhere."""

import base64
import hashlib
from html import escape
from typing import Any

from contracts.money import Money
from contracts.tools.billing import RefundState

_HEADINGS = {
    RefundState.SUCCEEDED: "{amount} refunded",
    RefundState.FAILED: "{amount} could not be refunded",
    RefundState.DENIED: "Refund of {amount} declined",
    RefundState.EXPIRED: "Refund of {amount} not decided in time",
}
_STEPS = {
    "requested": "Requested", "confirmed": "Confirmed", "approved": "Approved",
    "submitted": "Sent to the payment provider", "succeeded": "Refunded", "failed": "Failed",
    "denied": "Declined", "expired": "Time ran out",
}  # fmt: skip
_STYLE = """
:root{color-scheme:light dark}body{font:1rem/1.5 system-ui,sans-serif;margin:0 auto;max-width:34rem;padding:1.5rem}
h1{font-size:1.5rem;margin:.25rem 0 1.25rem}dl{margin:0}dt{font-size:.85rem;margin-top:.9rem;opacity:.7}dd{margin:0}
ol{margin:0;padding-left:1.2rem}code,pre{font-size:.8rem;overflow-wrap:anywhere;white-space:pre-wrap}
header,footer{font-size:.85rem;opacity:.8}footer{margin-top:2rem}summary{cursor:pointer;margin-top:1.5rem}
"""


def content_policy() -> str:
    """The page's Content-Security-Policy: its own style and nothing else."""
    digest = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def render_receipt(claims: dict[str, Any], signed: str, *, shop: str, keys_url: str) -> str:
    """The page in HTML; whatever stands in the claims is shown as text."""
    heading = _HEADINGS[RefundState(claims["outcome"])].format(amount=Money(**claims["amount"]))
    steps = "".join(_step(event) for event in claims["events"])
    rows = "".join(
        f"<dt>{name}</dt><dd>{value}</dd>"
        for name, value in (
            ("Order", escape(claims["order"])),
            ("Rule", escape(f"{claims['policy']['clause']}: {claims['policy']['sentence']}")),
            ("Approved by", escape(_approved_by(claims["approved_by"]))),
            ("What happened", f"<ol>{steps}</ol>"),
            ("Refund", f"<code>{escape(claims['sub'])}</code>"),
            ("Place in the record", f"<code>{claims['chain']['seq']} · {escape(claims['chain']['hash'])}</code>"),
        )
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">'
        f"<title>{escape(heading)}</title><style>{_STYLE}</style></head><body><header>{escape(shop)} · receipt</header>"
        f"<main><h1>{escape(heading)}</h1><dl>{rows}</dl><details><summary>Signed receipt</summary>"
        f"<pre>{escape(signed)}</pre></details></main>"
        f"<footer>Anybody can check the signature with our public keys: <code>{escape(keys_url)}</code></footer>"
        "</body></html>"
    )


def _step(event: dict[str, Any]) -> str:
    at = str(event["at"])
    shown = f"{at[:10]} {at[11:16]} UTC"
    return f'<li>{_STEPS[event["what"]]}, <time datetime="{escape(at)}">{shown}</time></li>'


def _approved_by(approvers: list[str]) -> str:
    if approvers == ["policy"]:
        return "the shop's rules, without staff"
    return ", ".join(approvers) or "nobody"
