<?php

declare(strict_types=1);

namespace AIGuy\Chat;

if (! defined('ABSPATH')) {
    exit;
}

/**
 * Numbers in the table of options that many requests count up at once, and none of them is lost.
 */
final class Counter
{
    /** Adds one, in one statement, and gives the number. */
    public static function add(string $option): int
    {
        global $wpdb;
        self::begin($option, 0);
        // phpcs:disable WordPress.DB.DirectDatabaseQuery -- update_option reads first and writes what it has read
        $wpdb->query($wpdb->prepare(
            "UPDATE {$wpdb->options} SET option_value = option_value + 1 WHERE option_name = %s",
            $option
        ));
        $query = $wpdb->prepare("SELECT option_value FROM {$wpdb->options} WHERE option_name = %s", $option);
        return (int) $wpdb->get_var($query);
        // phpcs:enable
    }

    /** The number begins at this, unless it has begun. */
    public static function begin(string $option, int $value): void
    {
        global $wpdb;
        // phpcs:ignore WordPress.DB.DirectDatabaseQuery
        $wpdb->query($wpdb->prepare(
            "INSERT IGNORE INTO {$wpdb->options} (option_name, option_value, autoload) VALUES (%s, %s, 'no')",
            $option,
            (string) $value
        ));
    }

    /** @return array<string, int> The numbers whose names begin so, by name. */
    public static function all(string $prefix): array
    {
        global $wpdb;
        $like = $wpdb->esc_like($prefix) . '%';
        // phpcs:ignore WordPress.DB.DirectDatabaseQuery
        $rows = $wpdb->get_results($wpdb->prepare(
            "SELECT option_name, option_value FROM {$wpdb->options} WHERE option_name LIKE %s ORDER BY option_name",
            $like
        ));
        return array_map('intval', array_column((array) $rows, 'option_value', 'option_name'));
    }
}
