<?php

declare(strict_types=1);

namespace AIGuy\Chat;

if (! defined('ABSPATH')) {
    exit;
}

/**
 * How often somebody may do something. Each count is one step in the store, so that many at once are not one; whose it is,
 * is kept as a keyed hash, and for as long as it counts.
 */
final class RateLimit
{
    /** Whether `$who` may do `$what` once more: `$most` times in each window of `$window` seconds. */
    public static function allows(string $what, string $who, int $most, int $window): bool
    {
        $slot = intdiv(time(), $window);
        $name = 'aiguy_rate_' . substr(hash_hmac('sha256', "rate|{$what}|{$who}|{$slot}", wp_salt('nonce')), 0, 32);
        return self::counted($name, $window) <= $most;
    }

    private static function counted(string $name, int $life): int
    {
        if (wp_using_ext_object_cache()) {
            wp_cache_add($name, 0, 'aiguy', $life);
            return (int) wp_cache_incr($name, 1, 'aiguy');
        }
        // The rows of a transient: WordPress deletes them when they are over.
        Counter::begin("_transient_timeout_{$name}", time() + $life);
        return Counter::add("_transient_{$name}");
    }
}
