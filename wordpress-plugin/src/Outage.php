<?php

declare(strict_types=1);

namespace AIGuy\Chat;

if (! defined('ABSPATH')) {
    exit;
}

/**
 * The backend gave no answer a moment ago. Each call that waits for it holds a PHP worker, and they are few: for some
 * seconds nobody waits for it again, and then one call finds out for all.
 */
final class Outage
{
    private const NAME = 'aiguy_outage';
    /** Seconds: until one call is tried again, how long that may take, and until the outage is forgotten. */
    private const PAUSE_S = 10;
    private const TRIAL_S = 20;
    private const LIFE_S = 300;

    /** Whether this call is not to be tried. Another address has an outage of its own. */
    public static function is_on(): bool
    {
        $since = get_transient(self::NAME);
        if (! is_array($since) || $since['url'] !== Settings::get('backend_url')) {
            return false;
        }
        return time() < $since['until'] || Lock::take('trial', self::TRIAL_S) === null;
    }

    /** A call had no answer. */
    public static function begin(): void
    {
        $since = ['url' => Settings::get('backend_url'), 'until' => time() + self::PAUSE_S];
        set_transient(self::NAME, $since, self::LIFE_S);
    }

    /** A call had an answer, or somebody wants to know how it is at this moment. */
    public static function end(): void
    {
        if (get_transient(self::NAME) !== false) {
            delete_transient(self::NAME);
        }
    }
}
