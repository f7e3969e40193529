"""Secrets: keys, tokens, passwords, connection strings, and long runs that only a machine reads."""

import re

from orchestrator.guard.output.forms import decoded_runs

_KEY = re.compile(
    r"\b(?:sk|pk|rk)[-_][A-Za-z0-9_-]{16,}|\bgh[pousr]_[A-Za-z0-9]{16,}|\bgithub_pat_\w{16,}|\bglpat-[\w-]{12,}"
    r"|\bxox[a-z]-[\w-]{10,}|\bxapp-[\w-]{10,}|\b(?:AKIA|ASIA)[A-Z0-9]{12,}|\bAIza[\w-]{20,}|\bya29\.[\w-]{16,}"
    r"|\bSG\.[\w-]{12,}\.[\w-]{12,}|\bhf_[A-Za-z0-9]{16,}|\bnpm_[A-Za-z0-9]{16,}|\bpypi-[\w-]{16,}|\bgsk_[A-Za-z0-9]{16,}"
    r"|\bshp(?:at|ca|pa|ss)_\w{16,}|\bwhsec_\w{12,}|\b(?:ck|cs)_[a-f0-9]{20,}|\beyJ[\w-]{8,}\.[\w-]{6,}"
    r"|-----\s?BEGIN|\bBEGIN (?:[A-Z]+ )*(?:PRIVATE KEY|CERTIFICATE)\b|\bssh-(?:rsa|ed25519) AAAA"
    r"|\b(?i:bearer|basic)\s+(?=[\w.~+/-]*\d)[\w.~+/-]{12,}"
)
_CONNECTION = re.compile(
    r"\b(?:postgres(?:ql)?|mysql|mariadb|rediss?|mongodb(?:\+srv)?|amqps?|mssql|jdbc:\w+|ldaps?|s?ftp|ssh|smtps?|nats)"
    r"://\S|://[^\s/@:]*:[^\s/@]+@|\b(?:AccountKey|SharedAccessSignature|DefaultEndpointsProtocol)=",
    re.IGNORECASE,
)
_NAMED = re.compile(
    r"\b(?:AIGUY|OPENAI|ANTHROPIC|GROQ|STRIPE|ZENDESK|SLACK|SHOPIFY|WOOCOMMERCE|AWS|DATABASE|REDIS|SMTP|JWT)_[A-Z0-9_]{3,}\b"
)
_STATED = re.compile(
    r"\b(?:pass(?:word|wd|phrase|code)|pwd|passwort|kennwort|mot de passe|contrase(?:ñ|n)a|clave|wachtwoord"
    r"|api[ _-]?key|api-schl(?:ü|u)ssel"
    r"|(?:client |signing |shared |secret )?secret(?: key)?|(?:access|auth|session) ?token)\b"
    r"(?: \w+){0,4}?\s*(?:\bis\b|\bist\b|\blautet\b|\best\b|\bes\b|\bè|\be'|[:=]|->)\s*[\"'`“«]?"
    r"(?=[^\s]*\d)(?=[^\s]*[A-Za-z])(?![\d.]+-)[^\s\"'`”»<]{8,}",
    re.IGNORECASE,
)
_OPAQUE = re.compile(r"(?<![A-Za-z0-9+/=_])(?=[a-zA-Z0-9+/_]*\d)(?=[a-zA-Z0-9+/_]*[a-zA-Z])[A-Za-z0-9+/_]{32,}={0,2}")
_ANY = re.compile(
    r"[A-Za-z0-9+/_=-]{12}|://|BEGIN|pass|pwd|secret|token|key|clave|kennwort|contrase|wachtwoord|schl", re.I
)


def holds_secret(forms: tuple[str, ...]) -> bool:
    """Whether a text, in any of its forms, holds a credential. Links that may be shown are no longer in it."""
    if any(_ANY.search(form) and _names_one(form) for form in forms):
        return True
    # Base64 that says something was written to be read by somebody else.
    return any(_OPAQUE.search(form) for form in forms) or bool(decoded_runs(forms[0]))


def _names_one(form: str) -> bool:
    return any(pattern.search(form) for pattern in (_KEY, _CONNECTION, _NAMED, _STATED))
