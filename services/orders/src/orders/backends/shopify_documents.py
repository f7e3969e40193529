"""The GraphQL documents that are sent to Shopify's Admin API, and nothing else is."""

_STATUS = """
fragment Status on Order {
  id name note createdAt updatedAt cancelledAt displayFinancialStatus displayFulfillmentStatus
  customer { id }
  fulfillments(first: 10) { displayStatus estimatedDeliveryAt trackingInfo(first: 1) { company url } }
}
"""
_LINES = """
fragment Lines on LineItemConnection {
  nodes { sku name quantity originalUnitPriceSet { presentmentMoney { amount currencyCode } } }
  pageInfo { hasNextPage endCursor }
}
"""
_CONTENT = """
fragment Content on Order {
  ...Status
  totalPriceSet { presentmentMoney { amount currencyCode } }
  shippingAddress { city country }
  lineItems(first: 30) { ...Lines }
}
"""
FIND_STATUS = (
    """
query FindStatus($search: String!) {
  orders(first: 3, query: $search, sortKey: CREATED_AT, reverse: true) { nodes { ...Status } }
}
"""
    + _STATUS
)
FIND_ORDER = (
    """
query FindOrder($search: String!) {
  orders(first: 3, query: $search, sortKey: CREATED_AT, reverse: true) { nodes { ...Content } }
}
"""
    + _CONTENT
    + _STATUS
    + _LINES
)
LIST_ORDERS = (
    """
query ListOrders($search: String!, $first: Int!) {
  orders(first: $first, query: $search, sortKey: CREATED_AT, reverse: true) { nodes { ...Content } }
}
"""
    + _CONTENT
    + _STATUS
    + _LINES
)
MORE_LINES = (
    """
query MoreLines($id: ID!, $after: String!) {
  order(id: $id) { lineItems(first: 100, after: $after) { ...Lines } }
}
"""
    + _LINES
)
NOTE = """
mutation Note($input: OrderInput!) {
  orderUpdate(input: $input) { order { id note } userErrors { field message } }
}
"""
