"""Who may talk to whom by the network policies, and who has to by what the processes are told.

An edge is (from, to, port). Both ends are names of pods, or `postgres`, `valkey`, `public`, or a namespace.
"""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from .rendered import COMPONENT, NAME, Document, Overlay, Pod, matches

Edge = tuple[str, str, int]
EVERYWHERE = "0.0.0.0/0"
#: Networks that are never the public internet.
PRIVATE = {"10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"}
DATABASES = {5432: "postgres", 6379: "valkey"}
#: Settings of which each alone means that a service calls others by HTTPS.
_BY_HTTPS = {
    "AIGUY_LLM_MODEL", "AIGUY_STRIPE_KEY_FILE", "AIGUY_WOOCOMMERCE_URL", "AIGUY_SHOPIFY_URL", "AIGUY_ZENDESK_URL",
    "AIGUY_SLACK_BOT_TOKEN_FILE", "AIGUY_SLACK_CHAT_TOKEN_FILE", "AIGUY_TICKETS_WEBHOOK_URL", "SITEMAP",
}  # fmt: skip
_PLACE = re.compile(r"\b([a-z][a-z-]*):(\d{4,5})\b")
_NAMESPACE = "kubernetes.io/metadata.name"


def name_of(pod: Pod) -> str:
    """Both colours have one name; Jobs have their own."""
    return pod.labels.get(NAME, pod.name)


def allowed(overlay: Overlay) -> set[Edge]:
    """What the policies let through: between pods only what both ends allow."""
    return set(_between_pods(overlay)) | set(_beyond(overlay)) | set(_from_namespaces(overlay))


def _rules(overlay: Overlay, pod: Pod, direction: str) -> Iterator[tuple[Document, set[int]]]:
    """(peer, ports) of every rule for the pod."""
    for policy in overlay.of("NetworkPolicy"):
        if direction in policy["spec"]["policyTypes"] and matches(policy["spec"]["podSelector"], pod.labels):
            side = "from" if direction == "Ingress" else "to"
            for rule in policy["spec"].get(direction.lower(), ()):
                assert rule.get(side), f"{policy['metadata']['name']}: a rule without peers lets everybody"
                assert rule.get("ports"), f"{policy['metadata']['name']}: a rule without ports opens all"
                ports = {n for one in rule["ports"] for n in range(one["port"], one.get("endPort", one["port"]) + 1)}
                for peer in rule[side]:
                    yield peer, ports


def _takes(peer: Document, pod: Pod) -> bool:
    return set(peer) == {"podSelector"} and matches(peer["podSelector"], pod.labels)


def _between_pods(overlay: Overlay) -> Iterator[Edge]:
    for one in overlay.pods:
        for other in overlay.pods:
            out = {port for peer, ports in _rules(overlay, one, "Egress") if _takes(peer, other) for port in ports}
            into = {port for peer, ports in _rules(overlay, other, "Ingress") if _takes(peer, one) for port in ports}
            for port in out & into:
                yield name_of(one), name_of(other), port


def _beyond(overlay: Overlay) -> Iterator[Edge]:
    for pod in overlay.pods:
        for peer, ports in _rules(overlay, pod, "Egress"):
            for port in ports:
                block = peer.get("ipBlock")
                if block and block["cidr"] == EVERYWHERE:
                    assert set(block["except"]) == PRIVATE
                    yield name_of(pod), "public", port
                elif block:
                    yield name_of(pod), DATABASES[port], port
                elif "namespaceSelector" in peer:
                    yield name_of(pod), peer["namespaceSelector"]["matchLabels"][_NAMESPACE], port


def _from_namespaces(overlay: Overlay) -> Iterator[Edge]:
    """Ports that no pod listens on are open to nobody."""
    for pod in overlay.pods:
        own = {port["containerPort"] for one in pod.containers for port in one.get("ports", ())}
        for peer, ports in _rules(overlay, pod, "Ingress"):
            if "namespaceSelector" in peer:
                for port in ports & own:
                    yield peer["namespaceSelector"]["matchLabels"][_NAMESPACE], name_of(pod), port


def needed(overlay: Overlay) -> set[Edge]:
    """What the processes are told to talk to."""
    found: set[Edge] = set()
    services = {one["metadata"]["name"]: one["spec"]["selector"].get(NAME) for one in overlay.of("Service")}
    for pod in overlay.pods:
        me, told = name_of(pod), pod.environment
        found |= {(me, "kube-system", 53)}
        for value in told.values():
            found |= {(me, services[host], int(port)) for host, port in _PLACE.findall(value) if host in services}
        if {"AIGUY_DATABASE_URL_FILE", "AIGUY_DATABASE_URLS_FOLDER"} & told.keys():
            found |= {(me, "postgres", 5432)}
        if "OTEL_EXPORTER_OTLP_ENDPOINT" in told:
            collector = urlsplit(told["OTEL_EXPORTER_OTLP_ENDPOINT"])
            # A Service of another namespace has its name behind its own.
            found |= {(me, str(collector.hostname).split(".")[1], int(collector.port or 0))}
        if "AIGUY_REDIS_URL_FILE" in told:
            found |= {(me, "valkey", 6379)}
        found |= {(me, "public", port) for port in _public_ports(told)}
        if pod.labels.get(COMPONENT) == "service" and overlay.of("ServiceMonitor"):
            found |= {("monitoring", me, int(told["AIGUY_PORT"]))}
        if any(one["name"] == "numbers" for one in pod.containers):
            found |= {("monitoring", me, 9113)}
        if me == "gateway":
            found |= {("gateway-system", me, 8090)} if overlay.of("HTTPRoute") else {("ingress-nginx", me, 8090)}
    return found


def _public_ports(told: dict[str, str]) -> set[int]:
    https = _BY_HTTPS & told.keys()
    # Where real customers are, their site publishes its keys; the API alone looks at tokens of the site.
    site = told.get("AIGUY_WORKER") == "off" and told["AIGUY_ENVIRONMENT"] != "local"
    mail = {int(told.get("AIGUY_SMTP_PORT", "587"))} if "AIGUY_SMTP_HOST" in told else set()
    fetched = {int(told.get("AIGUY_IMAP_PORT", "993"))} if "AIGUY_IMAP_HOST" in told else set()
    return ({443} if https or site else set()) | mail | fetched
