"""New thresholds into the policy file's text: its comments and order stay."""

import re
from collections.abc import Mapping

from contracts.tool import RiskTier
from orchestrator.confidence.policy import load_escalation_policy

_VERSION = re.compile(r'^version: ".*"$', re.MULTILINE)


def rewritten(text: str, thresholds: Mapping[RiskTier, float], version: str) -> str:
    """The file with other thresholds and another version. Raises ValueError when a tier's line is not found, or when
    the result is no complete policy.
    """
    for tier, threshold in thresholds.items():
        line = re.compile(rf"(^  {tier.value}:[^\n]*\n    threshold: )[0-9.]+", re.MULTILINE)
        text, found = line.subn(rf"\g<1>{threshold:g}", text)
        if found != 1:
            raise ValueError(f"the threshold of {tier.value} is not where it should be")
    text = _VERSION.sub(f'version: "{version}"', text)
    load_escalation_policy(text)
    return text
