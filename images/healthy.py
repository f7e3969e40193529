"""Exit code 0 when the service of this container is ready: `python -IS healthy.py`, the image's HEALTHCHECK."""

import os
import sys
from http.client import HTTPConnection, HTTPException


def ready(port: int) -> bool:
    """Whether `/readyz` on this port says 200."""
    connection = HTTPConnection("127.0.0.1", port, timeout=4)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(0 if ready(int(os.environ["AIGUY_PORT"])) else 1)
