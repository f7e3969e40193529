"""What WP-Cron sends to the knowledge base when its time has come."""

from typing import Any

from .site import Site


async def pushed(site: Site) -> dict[str, Any]:
    """What WP-Cron does when its time has come; the state afterwards."""
    state: dict[str, Any] = await site.run(
        "wp_clear_scheduled_hook('aiguy_push_knowledge'); do_action('aiguy_push_knowledge');"
        "$planned = wp_next_scheduled('aiguy_push_knowledge');"
        "return AIGuy\\Chat\\Integrations\\KnowledgePush::state() + ['planned' => $planned, 'now' => time(), "
        "'waiting' => AIGuy\\Chat\\Integrations\\KnowledgeQueue::waiting()];"
    )
    return state
