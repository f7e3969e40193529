<?php

declare(strict_types=1);

namespace AIGuy\Chat\Front;

use AIGuy\Chat\Plugin;

if (! defined('ABSPATH')) {
    exit;
}

/**
 * The block `aiguy/chat`: the same chat, put into a page in the editor.
 */
final class Block
{
    /** Adds the block. */
    public function register(): void
    {
        add_action('init', static function (): void {
            register_block_type(Plugin::path('blocks/chat'), ['render_callback' => [self::class, 'render']]);
            wp_set_script_translations('aiguy-chat-editor-script', 'aiguy-chat', Plugin::path('languages'));
        });
    }

    /** The chat of one block. */
    public static function render(array $attributes): string
    {
        return sprintf('<div %s>%s</div>', get_block_wrapper_attributes(), Chat::html($attributes));
    }
}
