<?php

declare(strict_types=1);

namespace AIGuy\Chat\Front;

use AIGuy\Chat\Plugin;

if (! defined('ABSPATH')) {
    exit;
}

/**
 * The plugin's files in pages. Their version is a hash of what is in them: caches keep them, and never one too old.
 */
final class Assets
{
    /** Enqueues a script of the plugin that runs when the page is there. */
    public static function enqueue_script(string $handle, string $file): void
    {
        $how = ['strategy' => 'defer', 'in_footer' => true];
        wp_enqueue_script($handle, Plugin::url($file), [], self::version($file), $how);
    }

    /** Enqueues a style sheet of the plugin. */
    public static function enqueue_style(string $handle, string $file): void
    {
        wp_enqueue_style($handle, Plugin::url($file), [], self::version($file));
    }

    /** The address of a file with its version. */
    public static function address(string $file): string
    {
        return add_query_arg('ver', self::version($file), Plugin::url($file));
    }

    private static function version(string $file): string
    {
        $path = Plugin::path($file);
        return is_readable($path) ? substr((string) hash_file('sha256', $path), 0, 12) : Plugin::VERSION;
    }
}
