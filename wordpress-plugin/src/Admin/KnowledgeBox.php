<?php

declare(strict_types=1);

namespace AIGuy\Chat\Admin;

use AIGuy\Chat\Integrations\KnowledgeDocument;
use AIGuy\Chat\Settings;

if (! defined('ABSPATH')) {
    exit;
}

/**
 * The box beside a page in the editor: leave it out of the knowledge base, or say that it is a policy.
 */
final class KnowledgeBox
{
    private const NONCE = 'aiguy_knowledge_nonce';
    private const ACTION = 'aiguy_knowledge_box';

    /** Adds the hooks. It has to be saved before the queue looks at the post. */
    public function register(): void
    {
        add_action('add_meta_boxes', [$this, 'add']);
        add_action('save_post', [$this, 'save'], 5);
    }

    /** Only for what is sent at all. */
    public function add(string $type): void
    {
        if (Settings::get('push_knowledge') && in_array($type, (array) Settings::get('knowledge_types'), true)) {
            add_meta_box('aiguy-knowledge', __('Support chat', 'aiguy-chat'), [$this, 'show'], $type, 'side');
        }
    }

    /** The two marks. */
    public function show(\WP_Post $post): void
    {
        wp_nonce_field(self::ACTION, self::NONCE, false);
        $marks = [
            KnowledgeDocument::SKIP => __('The chat must not answer from this page', 'aiguy-chat'),
            KnowledgeDocument::POLICY => __('This page is a policy (returns, warranty, shipping)', 'aiguy-chat'),
        ];
        foreach ($marks as $name => $label) {
            printf(
                '<p><label><input type="checkbox" name="%s" value="1"%s> %s</label></p>',
                esc_attr("aiguy$name"),
                checked((bool) get_post_meta($post->ID, $name, true), true, false),
                esc_html($label)
            );
        }
    }

    /** Saves what the box says; where there was no box nothing changes. */
    public function save(int $post_id): void
    {
        $nonce = sanitize_text_field(wp_unslash($_POST[self::NONCE] ?? ''));
        if (! wp_verify_nonce($nonce, self::ACTION) || ! current_user_can('edit_post', $post_id)) {
            return;
        }
        if (wp_is_post_revision($post_id) || (int) ($_POST['post_ID'] ?? 0) !== $post_id) {
            return;
        }
        foreach ([KnowledgeDocument::SKIP, KnowledgeDocument::POLICY] as $name) {
            if (empty($_POST["aiguy$name"])) {
                delete_post_meta($post_id, $name);
            } else {
                update_post_meta($post_id, $name, '1');
            }
        }
    }
}
