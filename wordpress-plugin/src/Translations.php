<?php

declare(strict_types=1);

namespace AIGuy\Chat;

if (! defined('ABSPATH')) {
    exit;
}

/**
 * The languages that come with the plugin; those of translate.wordpress.org win over them.
 */
final class Translations
{
    /** Adds the hook: before `init` WordPress does not know the user's language. */
    public function register(): void
    {
        add_action('init', static function (): void {
            load_plugin_textdomain('aiguy-chat', false, dirname(plugin_basename(Plugin::file())) . '/languages');
        });
    }
}
