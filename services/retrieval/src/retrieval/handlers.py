"""The tool of retrieval."""

from dataclasses import dataclass

from contracts.tools.retrieval import SearchInput, SearchOutput
from retrieval.search import Searcher
from servicekit.telemetry.genai import step
from servicekit.tool_router import ToolRequest


@dataclass(slots=True)
class KnowledgeTools:
    """The handlers. There is a searcher only while the service runs."""

    searcher: Searcher | None = None

    async def search_kb(self, _: ToolRequest, asked: SearchInput) -> SearchOutput:
        """The best passages for a question. The knowledge base is the same for every caller."""
        if self.searcher is None:
            raise RuntimeError("the service is not running")
        with step("retrieval") as current:
            found = await self.searcher.search(asked)
            current.set_attribute("aiguy.passages", len(found.passages))
        return found
