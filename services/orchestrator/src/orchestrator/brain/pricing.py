"""What a model's tokens cost, for the client that has no price list of its own."""

from collections.abc import Mapping

from orchestrator.brain.policy_files import read_policy

_MILLION = 1_000_000


class PriceList:
    """Micro-dollars per million tokens, in and out, by the model's name. An unknown model costs 0."""

    def __init__(self, prices: Mapping[str, Mapping[str, int]]) -> None:
        self._prices = prices

    @classmethod
    def load(cls) -> "PriceList":
        """The list of `policy/prices.yaml`."""
        return cls(read_policy("prices")["models"])

    def cost_micros(self, model: str, tokens_in: int, tokens_out: int) -> int:
        """What a call cost, rounded up to a whole micro-dollar."""
        price = self._prices.get(model)
        if price is None:
            return 0
        return -(-(tokens_in * price["in"] + tokens_out * price["out"]) // _MILLION)
