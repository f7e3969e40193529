<?php

declare(strict_types=1);

namespace AIGuy\Chat;

if (! defined('ABSPATH')) {
    exit;
}

/**
 * Calls to the backend, through WordPress's HTTP API: its proxies, certificates and filters apply. Nothing here throws.
 *
 * The address is the setting of an administrator alone. Redirects are not followed: they would carry the token elsewhere.
 * Without a key to sign with, and in an outage, no call is made.
 */
final class Backend
{
    /** Most bytes of an answer that is read as a whole. */
    private const MOST_BYTES = 2 * MB_IN_BYTES;
    /** Seconds: who was given more than this may be slow without the backend being down. */
    private const PATIENCE_S = 15.0;

    /**
     * One call and its whole answer.
     *
     * @param string               $path    Below the backend's address, with its query.
     * @param array<mixed>|null    $body    Sent as JSON.
     * @param array<string,string> $headers
     * @param float                $timeout Seconds.
     */
    public static function request(
        string $method,
        string $path,
        string $token,
        ?array $body = null,
        array $headers = [],
        float $timeout = 10.0
    ): Response {
        if (($why = self::no_call()) !== '') {
            return new Response(0, [], '', $why);
        }
        $content = $body === null ? null : self::encoded($body);
        $options = self::options($method, $token, $content, $headers, $timeout);
        $began = microtime(true);
        $answer = wp_remote_request(Settings::get('backend_url') . $path, $options);
        if (is_wp_error($answer)) {
            if (microtime(true) - $began < self::PATIENCE_S + 1.0) {
                Outage::begin();
            }
            return new Response(0, [], '', $answer->get_error_message());
        }
        Outage::end();
        $status = (int) wp_remote_retrieve_response_code($answer);
        return new Response($status, self::lower(wp_remote_retrieve_headers($answer)), wp_remote_retrieve_body($answer));
    }

    /**
     * One call whose answer is passed on as it comes. `$on_headers(int $status, array $headers)` is called once, before
     * `$on_bytes(string $bytes): bool` is called with each piece, and with '' about once a second in silence; when it
     * says false, the call is cancelled. The answer's body is not kept.
     *
     * @param array<string,string> $headers
     */
    public static function stream(
        string $method,
        string $path,
        string $token,
        ?string $body,
        array $headers,
        callable $on_headers,
        callable $on_bytes
    ): Response {
        if (! self::can_stream()) {
            return new Response(0, [], '', 'PHP has no curl here: answers cannot be streamed.');
        }
        if (($why = self::no_call()) !== '') {
            return new Response(0, [], '', $why);
        }
        $options = self::options($method, $token, $body, $headers, (float) Streaming\Pipe::MOST_S);
        $on_answer = static function (int $status, array $told) use ($on_headers): void {
            Outage::end();
            $on_headers($status, $told);
        };
        $pipe = new Streaming\Pipe($on_answer, $on_bytes);
        $answer = $pipe->carry(Settings::get('backend_url') . $path, $options);
        if ($answer->status === 0) {
            Outage::begin();
        }
        return $answer;
    }

    /** Whether answers can be passed on as they come. */
    public static function can_stream(): bool
    {
        return function_exists('curl_init') && function_exists('curl_exec');
    }

    /** An object of JSON, also of no fields. */
    public static function encoded(array $body): string
    {
        return (string) wp_json_encode($body === [] ? new \stdClass() : $body, JSON_UNESCAPED_SLASHES);
    }

    /** Why no call is to be made, else ''. */
    private static function no_call(): string
    {
        $why = Keys::trouble();
        return $why === '' && Outage::is_on() ? 'There was no answer a moment ago.' : $why;
    }

    private static function options(string $method, string $token, ?string $content, array $headers, float $timeout): array
    {
        $sent = ['Authorization' => 'Bearer ' . $token, 'Accept' => 'application/json', 'traceparent' => self::trace()];
        // The door before the backend counts requests per address; it believes this only when it was told to.
        $peer = Peer::address();
        $sent += $peer === '' ? [] : ['X-Forwarded-For' => $peer];
        $sent += $content === null ? [] : ['Content-Type' => 'application/json'];
        $clean = array_map(static fn (string $value): string => preg_replace('/[^\x20-\x7e]/', '', $value), $headers);
        return [
            'method' => $method, 'headers' => array_merge($sent, $clean), 'body' => $content, 'timeout' => $timeout,
            'redirection' => 0, 'httpversion' => '1.1', 'limit_response_size' => self::MOST_BYTES,
            'user-agent' => 'aiguy-chat/' . Plugin::VERSION,
        ];
    }

    /** The trace of this visit (W3C trace context), and a new step in it: every hop behind us writes it down. */
    private static function trace(): string
    {
        static $visit = null;
        $visit ??= bin2hex(random_bytes(16));
        return sprintf('00-%s-%s-01', $visit, bin2hex(random_bytes(8)));
    }

    private static function lower(mixed $headers): array
    {
        $found = [];
        foreach ($headers as $name => $value) {
            $found[strtolower((string) $name)] = is_array($value) ? (string) end($value) : (string) $value;
        }
        return $found;
    }
}
