"""The billing service on a real database with the demo shop's books in it."""

from billing.app import build
from billing.seed import seed
from billing.settings import Settings
from contracts.tool import Family
from servicekit.testing.tool_fixtures import ServiceUnderTest, tool_fixtures

settings, service, down, hurried, api = tool_fixtures(ServiceUnderTest(Family.BILLING, Settings, build, seed))
