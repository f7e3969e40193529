"""The providers of one process, by their names. They are opened when the app starts."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

from billing.providers.port import ProviderError, RefundProvider
from servicekit.context import Kit

#: Makes a provider from what the service holds.
OpenProvider = Callable[[Kit], RefundProvider]


class Providers:
    """Made with the app, filled by `opened`. `usual`: who holds the money of charges that name nobody."""

    def __init__(self, openers: Mapping[str, OpenProvider], usual: str) -> None:
        self.usual = usual
        self._openers = dict(openers)
        self._open: dict[str, RefundProvider] = {}

    @asynccontextmanager
    async def opened(self, kit: Kit) -> AsyncIterator[None]:
        """Around the app's life."""
        async with AsyncExitStack() as stack:
            for name, open_provider in self._openers.items():
                self._open[name] = provider = open_provider(kit)
                stack.push_async_callback(provider.close)
            yield

    def knows(self, name: str) -> bool:
        """Whether refunds of this provider's charges can be made here."""
        return name in self._openers

    def opened_ones(self) -> tuple[RefundProvider, ...]:
        """All that are set up here."""
        return tuple(self._open.values())

    def named(self, name: str) -> RefundProvider:
        """The provider of that name. Raises ProviderError(misconfigured) when it is not set up here."""
        if name not in self._open:
            raise ProviderError("misconfigured", "provider_missing")
        return self._open[name]
