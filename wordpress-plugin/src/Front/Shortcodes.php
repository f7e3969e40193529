<?php

declare(strict_types=1);

namespace AIGuy\Chat\Front;

if (! defined('ABSPATH')) {
    exit;
}

/**
 * `[aiguy_chat]`, which is also called `[ai_support_chat]`: a chat where an author puts it.
 */
final class Shortcodes
{
    private const NAMES = ['aiguy_chat', 'ai_support_chat'];

    /** Adds the shortcodes. */
    public function register(): void
    {
        foreach (self::NAMES as $name) {
            add_shortcode($name, [self::class, 'render']);
        }
    }

    /**
     * The chat of one shortcode. WordPress gives '' where there are no attributes.
     *
     * @param array<string>|string $attributes
     */
    public static function render(array|string $attributes): string
    {
        return Chat::html(shortcode_atts(Chat::ATTRIBUTES, (array) $attributes, self::NAMES[0]));
    }
}
