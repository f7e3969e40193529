"""Serves localstripe, a third party's Stripe, on a free port of 127.0.0.1 and prints the port; keeps no file."""

import socket

from aiohttp import web
from localstripe import resources, server


def main() -> None:
    """Serves until it is ended."""
    # It writes all it knows to one file in /tmp at each change, for all of its processes.
    resources.Store.dump_to_disk = lambda _: None
    listening = socket.create_server(("127.0.0.1", 0))
    print(listening.getsockname()[1], flush=True)
    web.run_app(server.app, sock=listening, access_log=None, print=None)


if __name__ == "__main__":
    main()
