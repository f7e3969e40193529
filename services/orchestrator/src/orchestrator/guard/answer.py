"""The check of a finished answer. Pure: what was observed decides what may be said.

Order of checks: secrets and internal ids out, citations that do not hold dropped, an answer from the knowledge base
without any support refused, tokens restored, ids masked.
"""

import re
from dataclasses import dataclass
from typing import Any

from contracts.turn import Citation
from orchestrator.guard.citations import passages_of, supported
from orchestrator.guard.masking import IdMask
from orchestrator.guard.vault import Vault
from orchestrator.turn.inputs import Guarded

_LEAK = re.compile(
    r"\b(?:sk-[A-Za-z0-9_-]{16,}|eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}|(?:cnv|trn|cust)_[0-9a-z]{3,}|-----BEGIN)",
)
_IMAGE = re.compile(r"!\[[^\]]*\]\([^)]*\)")


@dataclass(frozen=True, slots=True)
class Phrases:
    """The two sentences that the guard itself may say."""

    unsupported: str
    withheld: str


def check_answer(
    text: str,
    citations: tuple[Citation, ...],
    outputs: list[dict[str, Any]],
    vault: Vault,
    mask: IdMask,
    phrases: Phrases,
) -> Guarded:
    """The verdict on an answer and what may be shown of it."""
    if _LEAK.search(text):
        return Guarded(verdict="refuse", text=phrases.withheld, reasons=("internal_id_or_secret",))
    reasons: list[str] = []
    without_images = _IMAGE.sub("", text)
    if without_images != text:
        reasons.append("image_removed")
    kept = supported(citations, passages_of(outputs))
    if len(kept) < len(citations):
        reasons.append("citation_dropped")
    from_knowledge = any("passages" in output for output in outputs)
    if from_knowledge and citations and not kept:
        return Guarded(verdict="refuse", text=phrases.unsupported, reasons=(*reasons, "unsupported"))
    shown = mask(vault.restore(without_images)).strip()
    if not shown:
        return Guarded(verdict="hand_over", text="", reasons=(*reasons, "empty"))
    verdict = "repair" if reasons else "pass"
    return Guarded(verdict=verdict, text=shown, citations=kept, links=_links(outputs), reasons=tuple(reasons))


def _links(outputs: list[dict[str, Any]]) -> dict[str, str]:
    """Links to files that tools made for the customer, by their label."""
    links = {}
    for output in outputs:
        if "invoice_number" in output and "url" in output:
            links[f"Invoice {output['invoice_number']}"] = output["url"]
        if output.get("receipt_url"):
            # Whatever a model writes: after an action of ours the customer gets its receipt.
            links["Receipt" if output.get("state") == "succeeded" else "Signed record"] = output["receipt_url"]
    return links
