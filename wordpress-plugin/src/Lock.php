<?php

declare(strict_types=1);

namespace AIGuy\Chat;

if (! defined('ABSPATH')) {
    exit;
}

/**
 * What only one request at a time may do. A lock is a row of the table of options, which two requests cannot both insert;
 * it is given back when PHP ends, and runs out by itself where PHP was killed.
 */
final class Lock
{
    private const PREFIX = 'aiguy_lock_';

    private function __construct(private readonly string $option, private readonly string $value)
    {
    }

    /** The lock of this name for `$seconds`; null while somebody else has it. */
    public static function take(string $name, int $seconds): ?self
    {
        global $wpdb;
        $option = self::PREFIX . $name;
        $value = (time() + $seconds) . '.' . bin2hex(random_bytes(8));
        // phpcs:disable WordPress.DB.DirectDatabaseQuery -- what is read before it is written may be old by then
        // Times are compared as texts: they all have as many digits.
        $wpdb->query($wpdb->prepare(
            "DELETE FROM {$wpdb->options} WHERE option_name = %s AND option_value < %s",
            $option,
            (string) time()
        ));
        $taken = $wpdb->query($wpdb->prepare(
            "INSERT IGNORE INTO {$wpdb->options} (option_name, option_value, autoload) VALUES (%s, %s, 'no')",
            $option,
            $value
        ));
        // phpcs:enable
        if (! $taken) {
            return null;
        }
        $lock = new self($option, $value);
        register_shutdown_function([$lock, 'release']);
        return $lock;
    }

    /** Gives the lock back, unless it has run out and somebody else has it. */
    public function release(): void
    {
        global $wpdb;
        // phpcs:ignore WordPress.DB.DirectDatabaseQuery
        $wpdb->delete($wpdb->options, ['option_name' => $this->option, 'option_value' => $this->value]);
    }

    /** Deletes the locks of those who died. */
    public static function sweep(): void
    {
        global $wpdb;
        // phpcs:ignore WordPress.DB.DirectDatabaseQuery
        $wpdb->query($wpdb->prepare(
            "DELETE FROM {$wpdb->options} WHERE option_name LIKE %s AND option_value < %s",
            $wpdb->esc_like(self::PREFIX) . '%',
            (string) time()
        ));
    }
}
