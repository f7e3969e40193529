"""`python -m scripted_llm --port 8099`: the server by itself, until it is stopped."""

import argparse
import os

import uvicorn

from scripted_llm.app import create_app
from scripted_llm.model import Model
from scripted_llm.running import TEST_KEY
from scripted_llm.settings import Behaviour


def main() -> None:
    """Reads the command line and serves."""
    parser = argparse.ArgumentParser(prog="scripted_llm", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8099)
    parser.add_argument("--behaviour", default="{}", help="JSON, as PUT /behaviour takes it")
    arguments = parser.parse_args()
    model = Model(os.environ.get("SCRIPTED_LLM_KEY", TEST_KEY))
    model.behave(Behaviour.model_validate_json(arguments.behaviour))
    uvicorn.run(
        create_app(model),
        host=arguments.host,
        port=arguments.port,
        log_level="warning",
        access_log=False,
        lifespan="off",
    )


if __name__ == "__main__":
    main()
