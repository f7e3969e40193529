"""The model server as a part of the stack: how its process is started, and what the orchestrator is told of it."""

import os
import secrets
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from onebox.child import ChildSpec
from onebox.environment import HOST, machine_environment

LOCAL_LLM = "local-llm"
LOCAL_LLM_PORT = 8096
#: As records and metrics call it; litellm asks a server that speaks OpenAI's format for it.
MODEL = "openai/qwen2.5-coder-1.5b-instruct"
_SETTINGS = "AIGUY_LLM_"
#: The owner of the machine may give the model more or less time.
_TIMES = ("AIGUY_LLM_TIMEOUT_S", "AIGUY_LLM_IDLE_TIMEOUT_S")
THREADS = "AIGUY_LOCAL_LLM_THREADS"


@dataclass(frozen=True, slots=True)
class LocalLlm:
    """A model server that is not started yet. `file` has its weights. Who knows `key` is answered: without one every
    web page that is open on this machine could ask.
    """

    file: Path
    command: Sequence[str] = (sys.executable, "-m", "onebox.local_llm")
    key: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)

    def spec(self, port: int, log_file: Path, environment: Mapping[str, str] = os.environ) -> ChildSpec:
        """Its process, on `port` of the loopback address."""
        told = machine_environment(environment) | {
            "AIGUY_LOCAL_LLM_FILE": str(self.file), "AIGUY_LOCAL_LLM_PORT": str(port), "AIGUY_LOCAL_LLM_KEY": self.key,
        }  # fmt: skip
        if THREADS in environment:
            told[THREADS] = environment[THREADS]
        # It holds nothing that would be lost.
        return ChildSpec(LOCAL_LLM, self.command, log_file, told, stop_wait_s=5.0)

    def asked(self, port: int, environment: Mapping[str, str]) -> dict[str, str]:
        """`environment` with this model in the place of any other that it names.

        A call has as long as one may have, and nobody steps in: there is no other model, and the same one would not be
        faster. What it has not answered by then the offline Brain does.
        """
        kept = {
            name: value for name, value in environment.items() if not name.startswith(_SETTINGS) or name in _TIMES
        }  # fmt: skip
        return {
            "AIGUY_LLM_TIMEOUT_S": "20", "AIGUY_LLM_IDLE_TIMEOUT_S": "20",
            **kept,
            "AIGUY_LLM_MODEL": MODEL, "AIGUY_LLM_API_KEY": self.key, "AIGUY_LLM_BASE_URL": f"http://{HOST}:{port}/v1",
            "AIGUY_LLM_CLIENT": "litellm_wire", "AIGUY_LLM_TOOL_MODE": "json_schema", "AIGUY_LLM_PROMPTS": "short",
            "AIGUY_LLM_FALLBACK_TIMEOUT_S": "0",
        }  # fmt: skip
