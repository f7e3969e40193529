<?php

declare(strict_types=1);

namespace AIGuy\Chat\Front;

use AIGuy\Chat\Settings;

if (! defined('ABSPATH')) {
    exit;
}

/**
 * The chat in the corner of every page, where the setting wants it and the page has no chat of its own.
 */
final class Floating
{
    /** Hooks into the footer, before WordPress prints the scripts there. */
    public function register(): void
    {
        add_action('wp_footer', [self::class, 'render'], 5);
    }

    /** Prints the chat. */
    public static function render(): void
    {
        if (Settings::get('placement_floating') && did_action(Chat::RENDERED) === 0) {
            // phpcs:ignore WordPress.Security.EscapeOutput -- escaped where it is put together
            echo Chat::html(['placement' => 'floating']);
        }
    }
}
