"""The retrieval service in a process of its own. Each line on stdin is answered by a line: its address and a token."""

import json
import sys

from contracts.tools.retrieval import SEARCH_KB
from retrieval.app import build
from retrieval.settings import Settings
from servicekit.testing import TestIssuer
from servicekit.testing.live import live_server
from servicekit.testing.tool_client import kit_with


def main() -> None:
    """Serves until stdin ends."""
    issuer = TestIssuer.create()
    with live_server(build(Settings(), kit_factory=kit_with(issuer))) as url:
        for _ in sys.stdin:
            token = issuer.token("retrieval", SEARCH_KB.scope)
            sys.stdout.write(json.dumps({"url": url, "token": token}) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
