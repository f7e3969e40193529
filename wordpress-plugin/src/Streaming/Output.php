<?php

declare(strict_types=1);

namespace AIGuy\Chat\Streaming;

if (! defined('ABSPATH')) {
    exit;
}

/**
 * Server-sent events to a browser, at once: everything between PHP and the browser that likes to collect is told not to.
 */
final class Output
{
    /** More than what usual buffers collect before they let anything through. */
    private const PADDING = 4096;

    /** Sends the headers of a stream and a first comment. `$headers` are more of them by name. */
    public static function begin(array $headers): void
    {
        ignore_user_abort(true);
        if (function_exists('set_time_limit')) {
            set_time_limit(Pipe::MOST_S + 30);
        }
        if (session_status() === PHP_SESSION_ACTIVE) {
            session_write_close();
        }
        ini_set('zlib.output_compression', '0');
        if (function_exists('apache_setenv')) {
            apache_setenv('no-gzip', '1');
        }
        while (ob_get_level() > 0 && ob_end_clean()) {
            continue;
        }
        header_remove('Content-Length');
        $own = ['Content-Type' => 'text/event-stream', 'Cache-Control' => 'no-store, no-transform',
            'Content-Encoding' => 'identity', 'X-Accel-Buffering' => 'no'];
        foreach ($own + $headers as $name => $value) {
            header("{$name}: {$value}");
        }
        self::write(':' . str_repeat(' ', self::PADDING) . "\n\n");
    }

    /** Writes bytes of the stream. False when nobody reads any more. */
    public static function write(string $bytes): bool
    {
        echo $bytes; // phpcs:ignore WordPress.Security.EscapeOutput -- events of the backend, which are no HTML
        flush();
        return connection_aborted() === 0;
    }
}
