<?php

declare(strict_types=1);

namespace AIGuy\Chat\Experiment;

use AIGuy\Chat\Counter;

if (! defined('ABSPATH')) {
    exit;
}

/**
 * How many visitors saw, used and wrote, by day and by arm: numbers, and nothing of a person. Each is one option, of the
 * last `DAYS` days.
 */
final class Counts
{
    public const ARMS = ['chat', 'form'];
    public const EVENTS = ['shown', 'used', 'message', 'handed_over'];
    private const DAYS = 90;
    private const PREFIX = 'aiguy_ab_';

    /** One more of an event today (UTC). */
    public static function add(string $arm, string $event): void
    {
        if (! in_array($arm, self::ARMS, true) || ! in_array($event, self::EVENTS, true)) {
            return;
        }
        if (Counter::add(self::PREFIX . gmdate('Ymd') . "_{$arm}_{$event}") === 1) {
            self::forget_old();
        }
    }

    /** @return array<string, array<string, array<string, int>>> By day (`20261122`), arm and event; the oldest first. */
    public static function by_day(): array
    {
        $days = [];
        foreach (Counter::all(self::PREFIX) as $name => $count) {
            [$day, $arm, $event] = explode('_', substr($name, strlen(self::PREFIX)), 3);
            $days[$day][$arm][$event] = $count;
        }
        return $days;
    }

    private static function forget_old(): void
    {
        $oldest = self::PREFIX . gmdate('Ymd', time() - self::DAYS * DAY_IN_SECONDS);
        foreach (array_keys(Counter::all(self::PREFIX)) as $name) {
            if ($name < $oldest) {
                delete_option($name);
            }
        }
    }
}
