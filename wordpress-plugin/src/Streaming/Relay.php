<?php

declare(strict_types=1);

namespace AIGuy\Chat\Streaming;

use AIGuy\Chat\Backend;
use AIGuy\Chat\Problem;
use AIGuy\Chat\Response;
use AIGuy\Chat\Rest\ProxyRoutes;

if (! defined('ABSPATH')) {
    exit;
}

/**
 * Passes the events of a turn on to the browser. The turn itself runs elsewhere: a stream may end at any time, and the
 * browser goes on behind the last event that it has seen.
 *
 * A visitor who has as many streams open as anybody may gets no more. What they write is passed on all the same; the
 * answer then names no turn, and the browser reads the conversation instead of following it.
 */
final class Relay
{
    /** Seconds of silence after which a comment finds out whether somebody still reads. */
    private const QUIET_S = 1.5;
    /** Seconds after which the stream ends between two events. */
    private const LONG_S = Pipe::MOST_S - 10;
    /** Seconds that a customer has for a card: most decide sooner, and who does not finds the answer by asking. */
    private const CARD_S = 20;
    /** Seconds after which the rest of half an event is not waited for. */
    private const BROKEN_S = 10;
    /** Seconds after which a further stream may be tried. */
    private const RETRY_S = '5';
    private const MOST_BYTES = 64 * KB_IN_BYTES;

    private bool $streams = false;
    private bool $waits = false;
    private bool $has_seat = true;
    private ?float $asked = null;
    private string $frame = '';
    private string $collected = '';
    private float $began;
    private float $wrote;

    /** `$name` is the route that is answered, `$visitor` who asks. */
    public function __construct(private readonly string $name, private readonly string $visitor)
    {
        $this->began = $this->wrote = microtime(true);
    }

    /** Makes the call and writes its answer. */
    public function run(string $method, string $path, string $token, ?array $body, array $headers): void
    {
        $seat = Seats::take($this->visitor);
        $this->has_seat = $seat !== null;
        if ($seat === null && $method === 'GET') {
            $detail = __('That was a lot at once. Please try again in a moment.', 'aiguy-chat');
            self::refuse(Problem::of(429, 'too_many_streams', $detail, true), ['Retry-After' => self::RETRY_S]);
            return;
        }
        try {
            $this->carry($method, $path, $token, $body, $headers);
        } finally {
            $seat?->release();
        }
    }

    private function carry(string $method, string $path, string $token, ?array $body, array $headers): void
    {
        $content = $body === null ? null : Backend::encoded($body);
        $answer = Backend::stream(
            $method,
            $path,
            $token,
            $content,
            ['Accept' => 'text/event-stream'] + $headers,
            fn (int $status, array $told) => $this->headers($status, $told),
            fn (string $bytes): bool => $this->bytes($bytes)
        );
        if (! $this->streams) {
            $whole = new Response($answer->status, $answer->headers, $this->collected, $answer->error);
            self::refuse($whole->problem(), ProxyRoutes::shown_headers($whole->headers));
        }
    }

    private function headers(int $status, array $headers): void
    {
        $this->streams = $status === 200 && str_starts_with($headers['content-type'] ?? '', 'text/event-stream');
        if ($this->streams) {
            do_action('aiguy_forwarded', $this->name);
            $shown = ProxyRoutes::shown_headers($headers);
            Output::begin($this->has_seat ? $shown : array_diff_key($shown, ['X-Aiguy-Turn-Id' => '']));
        }
    }

    private function bytes(string $bytes): bool
    {
        if (! $this->streams && $bytes === '') {
            return microtime(true) - $this->began < Pipe::FIRST_S;
        }
        if (! $this->streams) {
            $this->collected .= substr($bytes, 0, self::MOST_BYTES - strlen($this->collected));
            return strlen($this->collected) < self::MOST_BYTES;
        }
        if (! $this->has_seat) {
            return false;
        }
        if ($bytes === '') {
            return $this->silence();
        }
        $this->wrote = microtime(true);
        $reads = Output::write($bytes);
        $this->follow($bytes);
        return $reads && ! $this->is_over();
    }

    private function silence(): bool
    {
        if ($this->is_over()) {
            return false;
        }
        $quiet = microtime(true) - $this->wrote;
        if ($this->frame !== '' || $quiet < self::QUIET_S) {
            return connection_aborted() === 0 && $quiet < self::BROKEN_S;
        }
        $this->wrote = microtime(true);
        return Output::write(": still here\n\n");
    }

    /**
     * While staff decide nothing comes for hours, while a customer thinks about a card perhaps for minutes, and PHP workers
     * are few: the browser asks now and then instead, and follows again when the turn goes on.
     */
    private function is_over(): bool
    {
        $now = microtime(true);
        $thinks = $this->asked !== null && $now - $this->asked > self::CARD_S;
        return $this->waits || ($this->frame === '' && ($thinks || $now - $this->began > self::LONG_S));
    }

    /** Keeps the part of an event that is not complete, and notices events after which nothing comes for long. */
    private function follow(string $bytes): void
    {
        $frames = explode("\n\n", $this->frame . $bytes);
        $this->frame = (string) array_pop($frames);
        foreach ($frames as $frame) {
            $event = preg_match('/^event: ?(\w+)$/m', $frame, $found) ? $found[1] : '';
            $this->waits = $this->waits || $event === 'approval';
            if (! in_array($event, ['', 'status'], true)) {
                $this->asked = $event === 'confirmation' ? microtime(true) : null;
            }
        }
    }

    private static function refuse(array $problem, array $headers): void
    {
        status_header($problem['status']);
        header('Content-Type: ' . Problem::CONTENT_TYPE);
        foreach ($headers as $name => $value) {
            header("{$name}: {$value}");
        }
        echo wp_json_encode($problem);
    }
}
