"""The policy in force as others see it, and the policy that an edit makes of it. Pure."""

from hashlib import sha256
from typing import Any

import yaml

from billing.refunds.policy import RefundPolicy
from contracts.refund_rules import RefundRules, RulesEdit


def rules_of(policy: RefundPolicy) -> RefundRules:
    """The policy, with what the environment has changed in it."""
    raw = policy.model_dump(mode="json")
    raw["risk"]["flags"] = sorted(raw["risk"]["flags"])
    text = yaml.safe_dump(raw, sort_keys=False, allow_unicode=True, width=120)
    return RefundRules(
        version=policy.version, digest=sha256(text.encode()).hexdigest(), text=text,
        tiers=tuple(one.up_to_minor for one in policy.tiers if one.up_to_minor is not None),
        always=policy.always.active, window_days=policy.window.days, customer_cap=policy.customer_cap.up_to_minor,
        shop_cap=policy.shop_cap.up_to_minor,
    )  # fmt: skip


def edited(policy: RefundPolicy, edit: RulesEdit) -> RefundPolicy:
    """The policy with these changes. Raises ValueError when they make none: tiers that do not rise, or too many."""
    raw: dict[str, Any] = policy.model_dump(mode="json")
    if edit.tiers is not None:
        if len(edit.tiers) != len(policy.tiers) - 1:
            raise ValueError(f"the policy has {len(policy.tiers) - 1} tiers with a limit, not {len(edit.tiers)}")
        for tier, limit in zip(raw["tiers"], edit.tiers, strict=False):
            tier["up_to_minor"] = limit
    for name, part, value in (
        ("always", "active", edit.always), ("window", "days", edit.window_days),
        ("customer_cap", "up_to_minor", edit.customer_cap), ("shop_cap", "up_to_minor", edit.shop_cap),
    ):  # fmt: skip
        if value is not None:
            raw[name][part] = value
    return RefundPolicy.model_validate(raw)
