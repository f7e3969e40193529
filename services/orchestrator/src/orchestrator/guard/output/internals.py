"""What is ours alone: ids, names of tools and fields, calls as JSON, errors of programs, and the prompt's own words."""

import re
from collections.abc import Iterable

from orchestrator.guard.output.hinted import hinted

_ID = hinted(
    r"\b(?:cnv|trn|cust|guest|rfd|tkt|tic|req|msg|not|hnd|job|doc|chk|ent|evt|apr|usr|ord|inv|art|gap)_(?=[a-z]*\d|[a-z]{3,}\b)"
    r"[0-9a-z]{3,}\b",
    "_",
    re.IGNORECASE,
)
_UUID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", re.IGNORECASE)
_CALL = hinted(
    r"[\"'](?:kind|name|arguments|parameters|tool|tool_calls?|function|function_call)[\"']\s*:"
    r"|\b(?:tool_calls?|function_call|final_message)\b|\bfunctions\.\w|<\s*/?\s*(?:data|question|situation|errors|system)\b"
    r"|<\|[a-z_]+\|>|\[/?INST\]",
    "\" ' _ functions. < [inst] [/inst]",
    re.IGNORECASE,
)
_PROGRAM = hinted(
    r"Traceback \(most recent|\bFile \"[^\"\n]{1,200}\", line \d|\b[A-Za-z_]{2,40}(?:Error|Exception)\s*[:(]"
    r"|\b(?:select\b.{0,80}?\bfrom\s+\w+|insert\s+into\s+\w+|delete\s+from\s+\w+|drop\s+table)\b[^.]{0,80}(?:\bwhere\b[^.]{0,40}[=<>']|\bvalues\s*\(|;)"
    r"|(?<![\w.])/(?:etc|home|root|run/secrets|var/(?:lib|log)|proc|app|srv)/[\w./-]+",
    "traceback file error exception select insert delete drop /etc/ /home/ /root/ /run/ /var/ /proc/ /app/ /srv/",
    re.IGNORECASE,
)
_SNAKE = re.compile(r"\b[a-z]{2,}(?:_[a-z0-9]+)+\b")
_WORD = re.compile(r"[^\W_]+")
RUN = 7


def holds_internal(forms: tuple[str, ...], names: frozenset[str], asked: str) -> bool:
    """Whether a text holds an id, a name of ours or a program's words. What the customer wrote may be said again."""
    for form in forms:
        if any(pattern.matches(form) for pattern in (_ID, _CALL, _PROGRAM)):
            return True
        if "_" in form and any(found in names for found in _SNAKE.findall(form.lower())):
            return True
        if "-" in form and any(found.lower() not in asked.lower() for found in _UUID.findall(form)):
            return True
    return False


def runs_of(prompts: Iterable[str]) -> frozenset[str]:
    """Every run of seven words of the prompts, for `echoes`."""
    return frozenset(run for text in prompts for run in _runs(text))


def echoes(forms: tuple[str, ...], runs: frozenset[str]) -> bool:
    """Whether a text repeats seven words of a prompt in their order."""
    return not all(runs.isdisjoint(_runs(form)) for form in forms)


def _runs(text: str) -> Iterable[str]:
    words = _WORD.findall(text.casefold())
    return (" ".join(words[start : start + RUN]) for start in range(len(words) - RUN + 1))
