"""What must not leave in the arguments of a call: secrets, and text that is made for another program than ours.

Fields of free text (long ones by their schema) may say anything in plain words, quotes and "please drop it; delete the
rest" included. All other fields are names and numbers: there a path, a quote beside SQL or a brace is enough. The
services bind parameters and compare ids; this is the lock before theirs.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal
from urllib.parse import unquote

Reason = Literal["secret", "sql", "shell", "template", "script", "control", "path"]

#: A string that may be as long as this is text that people write, unless its pattern is that of an address.
_FREE_TEXT_FROM = 128

# Possessive quantifiers (`*+`) where two parts of a pattern could share a run: a long one is then read once.
_SECRET = re.compile(
    r"\b(?:sk|pk|rk)[-_](?:live|test|proj|ant)?[-_]?[A-Za-z0-9_-]{16,}|\bgh[pousr]_[A-Za-z0-9]{30,}|\bglpat-[\w-]{16,}"
    r"|\bAKIA[0-9A-Z]{16}\b|\bAIza[\w-]{30,}|\bxox[abeoprs]-[A-Za-z0-9-]{10,}|\bwhsec_[A-Za-z0-9+/=]{16,}|\bhf_[A-Za-z]{30,}"
    r"|\bnpm_[A-Za-z0-9]{30,}|\bSG\.[\w-]{16,}\.[\w-]{16,}|\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----|\b(?:postgres(?:ql)?|mysql|mongodb(?:\+srv)?|rediss?|amqps?)://[^\s/@:]*:[^\s/@]+@"
    r"|(?i:\bbearer\s+[\w.~+/-]{20,}|\b(?:aws_secret_access_key|api[_-]?key|client_secret|secret_key|access_token)"
    r"[\"']?\s*[:=]\s*[\"']?[\w+/.-]{12,})"
)
_TABLES = (
    r"(?:users?|customers?|orders?|accounts?|refunds?|payments?|charges?|invoices?|tickets?|pg_\w+|information_schema)"
)
_SQL = re.compile(
    r"['\"`)]\s*(?:or|and)\s++(?:not\s++)?['\"(]*+\w*['\")]*+\s*+(?:=|<|>|like\b|is\b)"
    r"|\bor\s+1\s*=\s*1\b|\bunion\s+(?:all\s+)?(?:distinct\s+)?select\b|\bselect\s+\*\s+from\b"
    r"|\bselect\b[^;]{1,120}\bfrom\s+\w+\s+where\s+\w+\s*(?:=|<|>|like\b)|\bselect\s+(?:version|current_user|pg_\w+)\s*(?:\(|$)"
    rf"|\bselect\s+[\w.]+(?:\s*,\s*[\w.]+)*\s+from\s+{_TABLES}\b|\b(?:drop|truncate)\s+table\s+(?:if\s+exists\s+)?{_TABLES}\b"
    r"|['\";)]\s*(?:drop|truncate|alter)\s+(?:table|database|schema|user)\b"
    r"|\bdrop\s+(?:table|database|schema)\s+(?:if\s+exists\s+)?[\w.\"]+\s*(?:;|--|cascade\b)"
    r"|\binsert\s+into\s+[\w.\"]+\s*(?:\(|values\b)|\bupdate\s+[\w.\"]+\s+set\s+[\w.\"]+\s*=|\bdelete\s+from\s+[\w.\"]+\s+where\s+\w+\s*[=<>]"
    rf"|\bdelete\s+from\s+{_TABLES}\s*(?:;|--|$)|['\"]\s*;\s*(?:select|insert|update|delete|drop|exec)\b"
    r"|\bexec(?:ute)?\s+(?:xp_|sp_|immediate\b)|\bxp_cmdshell\b|\bpg_sleep\s*\(|\bwaitfor\s+delay\b|\bbenchmark\s*\(\s*\d|\bsleep\s*\(\s*\d+\s*\)"
    r"|'\s*(?:--|#|/\*)|/\*!?\d*\s*(?:union|select|or|and)\b|\binto\s+(?:out|dump)file\b|\bload_file\s*\(",
    re.IGNORECASE,
)
_SHELL = re.compile(
    r"(?:[;&|]|&&|\|\|)\s*(?:rm|cat|ls|chmod|chown|cp|mv|tail|head|find|kill)\s+[-/~.][^\s]*"
    r"|(?:[;&|`]|&&|\$\()\s*(?:curl|wget|nc|ncat|bash|sh|zsh|python3?|perl|powershell)\s+(?:-\w|https?:|[/~.])"
    r"|[;&|]\s*(?:whoami|uname|printenv)\s*(?:$|[;|&])"
    r"|\$\(\s*[a-z]+[^)]{0,80}\)|`\s*(?:id|whoami|uname|ls|cat|env|curl|wget|sh|bash)\b[^`]{0,80}`|\brm\s+-[rf]{1,2}\s|/etc/(?:passwd|shadow|hosts)\b"
    r"|\b(?:curl|wget)\s+(?:-\w+\s+)*https?://\S+\s*\|\s*(?:sh|bash)\b|>\s*/dev/(?:tcp|null)\b|\bcmd(?:\.exe)?\s+/c\b"
    r"|\|\s*(?:sh|bash|zsh|nc)\b(?!\s+[a-z]{2,}\s+[a-z])",
    re.IGNORECASE,
)
_TEMPLATE = re.compile(
    r"\{\{[^{}]{0,80}(?:__|\(|\d\s*[*+]\s*'?\d|\bconfig\b|\bself\b|\brequest\b|\benv\b|\[)[^{}]{0,80}\}\}"
    r"|\{%[^%]{0,120}%\}|<%=?[^%]{1,120}%>|\$\{[^{}]{0,80}(?:jndi|env|sys|java|\(|\d\s*[*+]\s*\d)[^{}]{0,80}\}"
    r"|#\{[^{}]{0,80}(?:\(|\d\s*[*+]\s*\d)[^{}]{0,80}\}|__(?:class|import|globals|subclasses|builtins|proto)__",
    re.IGNORECASE,
)
_SCRIPT = re.compile(
    r"<script\b[^<>]{0,200}>\s*[^<\s][^<]*|<script\b[^<>]{0,200}\bsrc\s*=|\bjavascript:\s*[a-z][\w.]*+\s*+\(|<iframe\b[^<>]{0,200}\bsrc"
    r"|<(?:img|svg|body|video|input|details|a|div)\b[^<>]{0,200}\bon[a-z]{3,20}\s*=|<svg[ /][^<>]{0,200}onload"
    r"|!\[[^\]]{0,80}\]\(\s*https?://[^)]{0,200}[?&][^)]{0,200}=",
    re.IGNORECASE,
)
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\U000e0000-\U000e0fff]")
_CONTROL_IN_NAME = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e0fff]"
)
_PATH = re.compile(
    r"\.\.[/\\]|(?:^|[/\\])\.\.(?:$|[/\\])|[/\\]{2,}|^[/\\~]|\\|/(?:etc|proc|var|home|root|usr|windows)\b",
    re.IGNORECASE,
)
_NOT_IN_NAME = re.compile(r"[;`{}<>|]|--\s|/\*|\$\(")

_FREE: tuple[tuple[Reason, re.Pattern[str]], ...] = (
    ("control", _CONTROL), ("secret", _SECRET), ("sql", _SQL), ("shell", _SHELL), ("template", _TEMPLATE),
    ("script", _SCRIPT),
)  # fmt: skip
_NAMES: tuple[tuple[Reason, re.Pattern[str]], ...] = (
    ("control", _CONTROL_IN_NAME), *_FREE[1:], ("path", _PATH), ("sql", _NOT_IN_NAME),
)  # fmt: skip


def screened(schema: Mapping[str, Any], arguments: Mapping[str, Any]) -> Reason | None:
    """Why a call with these arguments must not be sent; None when nothing is wrong with them.

    `schema` is the tool's input schema: it says which fields are free text.
    """
    properties: Mapping[str, Any] = schema.get("properties", {})
    for name, value in arguments.items():
        rules = _FREE if _is_free_text(properties.get(name, {})) else _NAMES
        for text in _texts(value):
            for reason, pattern in rules:
                if pattern.search(text):
                    return reason
            if rules is _NAMES and "%" in text and _PATH.search(unquote(unquote(text))):
                return "path"
    return None


def _is_free_text(field: Mapping[str, Any]) -> bool:
    """Whether a field holds what people write: long, and without the sign that only an address has."""
    options = (field, *field.get("anyOf", ()))
    return any(one.get("maxLength", 0) >= _FREE_TEXT_FROM and "@" not in one.get("pattern", "") for one in options)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield str(key)
            yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)
