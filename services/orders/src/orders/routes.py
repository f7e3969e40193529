"""Which contract is served by which handler."""

from dataclasses import replace

from fastapi import APIRouter

from contracts.tools.orders import ADD_ORDER_NOTE, GET_ORDER, GET_ORDER_STATUS, LIST_ORDERS
from orders.handlers import OrderTools
from servicekit.tool_router import ToolBinding, tool_router


def tools_router(tools: OrderTools) -> APIRouter:
    """`POST /tools/{name}`, the previews and the manifest."""
    # Whose address it is, only our own tables say: in a shop system who has proven one is a guest like any other.
    by_address = not tools.remote
    return tool_router([
        ToolBinding(replace(GET_ORDER_STATUS, proven_address=by_address), tools.get_order_status),
        ToolBinding(replace(GET_ORDER, proven_address=by_address), tools.get_order),
        ToolBinding(replace(LIST_ORDERS, proven_address=by_address), tools.list_orders),
        ToolBinding(ADD_ORDER_NOTE, tools.add_order_note, tools.preview_order_note),
    ])  # fmt: skip
