"""The orders service on a real database with the demo shop in it."""

from contracts.tool import Family
from orders.app import build
from orders.seed import seed
from orders.settings import Settings
from servicekit.testing.tool_fixtures import ServiceUnderTest, tool_fixtures

settings, service, down, hurried, api = tool_fixtures(ServiceUnderTest(Family.ORDERS, Settings, build, seed))
