"""The loops beside which ours is measured, one per file; each is imported only in a process of its own."""

from importlib import import_module

from turnbench.task import Rival

#: Name to module. What each needs is in the dependency group `bench`.
RIVALS = {
    "httpx": "httpx_loop",
    "aiohttp": "aiohttp_loop",
    "LangGraph": "langgraph_agent",
    "Pydantic AI": "pydantic_ai_agent",
    "litellm": "litellm_loop",
}
#: Loops so cheap that they take more turns to be measured.
LIGHT = frozenset({"httpx", "aiohttp"})


def load(name: str) -> Rival:
    """The rival of that name. Raises ImportError when its packages are not installed."""
    rival: Rival = import_module(f"turnbench.rivals.{RIVALS[name]}").rival
    return rival
