<?php

declare(strict_types=1);

namespace AIGuy\Chat\Streaming;

use AIGuy\Chat\Lock;

if (! defined('ABSPATH')) {
    exit;
}

/**
 * How many streams one visitor may have open: each holds a PHP worker, and a site has perhaps ten of them.
 */
final class Seats
{
    /** Tabs with an answer that is being written. */
    private const MOST = 3;

    /** A seat, to be given back when the stream is over; null when the visitor has all of theirs. */
    public static function take(string $visitor): ?Lock
    {
        $name = 'stream_' . substr(hash_hmac('sha256', "stream|{$visitor}", wp_salt('nonce')), 0, 24);
        for ($number = 1; $number <= self::MOST; ++$number) {
            $seat = Lock::take("{$name}_{$number}", Pipe::MOST_S + 30);
            if ($seat !== null) {
                return $seat;
            }
        }
        return null;
    }
}
