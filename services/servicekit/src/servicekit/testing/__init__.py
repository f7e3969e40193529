"""What tests of all services share: a clock that stands still, tokens, fake HTTP, real servers, fresh databases."""

from servicekit.testing.clock import FakeClock
from servicekit.testing.http import FakeHttp, Sent, running
from servicekit.testing.issuer import TestIssuer
from servicekit.testing.waiting import eventually

__all__ = ["FakeClock", "FakeHttp", "Sent", "TestIssuer", "eventually", "running"]
