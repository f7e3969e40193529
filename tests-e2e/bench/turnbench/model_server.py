"""The scripted model as a server of its own: `python -m turnbench.model_server PORT KEY`."""

import sys

import uvicorn

from scripted_llm.app import create_app
from scripted_llm.model import Model
from turnbench.tool_server import KEEP_ALIVE_S

if __name__ == "__main__":
    uvicorn.run(
        create_app(Model(sys.argv[2])), host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", access_log=False,
        lifespan="off", timeout_keep_alive=KEEP_ALIVE_S,
    )  # fmt: skip
