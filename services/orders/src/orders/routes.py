"""Which contract is served by which handler."""

from fastapi import APIRouter

from contracts.tools.orders import ADD_ORDER_NOTE, GET_ORDER, GET_ORDER_STATUS
from orders.handlers import OrderTools
from servicekit.tool_router import ToolBinding, tool_router


def tools_router(tools: OrderTools) -> APIRouter:
    """`POST /tools/{name}`, the previews and the manifest."""
    return tool_router([
        ToolBinding(GET_ORDER_STATUS, tools.get_order_status),
        ToolBinding(GET_ORDER, tools.get_order),
        ToolBinding(ADD_ORDER_NOTE, tools.add_order_note, tools.preview_order_note),
    ])  # fmt: skip
