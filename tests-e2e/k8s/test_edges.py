"""The network lets through exactly what the settings use: no edge too many, none missing."""

import copy

from .edges import allowed, name_of, needed
from .rendered import Overlay


def test_nothing_is_allowed_by_default(overlay: Overlay) -> None:
    denies = [
        one["metadata"]["name"]
        for one in overlay.of("NetworkPolicy")
        if one["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    ]

    assert denies == ["deny-all"]


def test_every_edge_is_used_and_every_use_has_its_edge(overlay: Overlay) -> None:
    may, must = allowed(overlay), needed(overlay)

    assert may - must == set(), "open without need"
    assert must - may == set(), "needed, and closed"


def test_the_edges_are_those_of_the_drawing(overlay: Overlay) -> None:
    tools = {("orders", 8081), ("billing", 8082), ("tickets", 8083), ("retrieval", 8084)}
    between = {edge for edge in allowed(overlay) if edge[2] in range(8080, 8091)}
    expected = {(one, *tool) for one in ("gateway", "orchestrator", "orchestrator-worker") for tool in tools}
    expected |= {(tool, "orchestrator", 8080) for tool, _ in tools} | {("gateway", "orchestrator", 8080)}

    assert {edge for edge in between if edge[0] in {name_of(pod) for pod in overlay.pods}} == expected


def test_an_edge_too_many_and_a_missing_one_are_both_found(overlay: Overlay) -> None:
    wider = Overlay(overlay.name, copy.deepcopy(overlay.documents))
    (orders,) = [one for one in wider.of("NetworkPolicy") if one["metadata"]["name"] == "orders"]
    (billing,) = [one for one in wider.of("NetworkPolicy") if one["metadata"]["name"] == "billing"]
    orders["spec"]["ingress"][0]["from"].append({"podSelector": {"matchLabels": {"app.kubernetes.io/name": "billing"}}})
    billing["spec"]["egress"].append(
        {
            "to": [{"podSelector": {"matchLabels": {"app.kubernetes.io/name": "orders"}}}],
            "ports": [{"protocol": "TCP", "port": 8081}],
        }
    )
    assert allowed(wider) - needed(wider) == {("billing", "orders", 8081)}

    billing["spec"]["ingress"] = []
    assert {("gateway", "billing", 8082), ("orchestrator-worker", "billing", 8082)} <= needed(wider) - allowed(wider)
