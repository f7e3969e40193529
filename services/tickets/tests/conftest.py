"""The tickets service on a real database with the demo shop's tickets in it."""

from contracts.tool import Family
from servicekit.testing.tool_fixtures import ServiceUnderTest, tool_fixtures
from tickets.app import build
from tickets.seed import seed
from tickets.settings import Settings

settings, service, down, hurried, api = tool_fixtures(ServiceUnderTest(Family.TICKETS, Settings, build, seed))
