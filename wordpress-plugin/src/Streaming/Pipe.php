<?php

declare(strict_types=1);

namespace AIGuy\Chat\Streaming;

use AIGuy\Chat\Response;

if (! defined('ABSPATH')) {
    exit;
}

/**
 * One answer of the backend, handed on as it comes. WordPress's HTTP API makes the call; for this one call its curl
 * handle gets callbacks of ours.
 *
 * A callback never returns a short count to cancel: WordPress would take that for a bad encoding and call once more.
 */
final class Pipe
{
    /** Seconds that one call may last: a PHP worker is busy with it for so long. */
    public const MOST_S = 120;
    /** Seconds until the headers have to be there. A chat waits for eight, and is to be told before it gives up. */
    public const FIRST_S = 7.0;
    private const CONNECT_S = 5;

    /** @var callable */
    private $on_headers;
    /** @var callable */
    private $on_bytes;
    private int $status = 0;
    /** @var array<string, string> */
    private array $headers = [];
    private bool $cancelled = false;
    private bool $announced = false;
    private float $began;

    public function __construct(callable $on_headers, callable $on_bytes)
    {
        $this->on_headers = $on_headers;
        $this->on_bytes = $on_bytes;
        $this->began = microtime(true);
    }

    /** Makes the call; see `Backend::stream`. */
    public function carry(string $url, array $options): Response
    {
        // Others may make calls of their own while ours begins.
        $hook = function ($handle, array $arguments, string $called) use ($url): void {
            if ($called === $url) {
                $this->take_over($handle);
            }
        };
        add_action('http_api_curl', $hook, PHP_INT_MAX, 3);
        $answer = wp_remote_request($url, $options);
        remove_action('http_api_curl', $hook, PHP_INT_MAX);
        $error = is_wp_error($answer) ? $answer->get_error_message() : null;
        if ($this->status !== 0) {
            // WordPress misses the headers that we took. What was cut off in the middle, the browser sees by itself.
            $this->announce();
            return new Response($this->status, $this->headers, '');
        }
        return new Response(0, [], '', $error ?? 'The answer had no headers.');
    }

    private function take_over(\CurlHandle $handle): void
    {
        curl_setopt($handle, CURLOPT_CONNECTTIMEOUT, self::CONNECT_S);
        // A compressed answer would come in blocks.
        curl_setopt($handle, CURLOPT_ENCODING, 'identity');
        curl_setopt($handle, CURLOPT_HEADERFUNCTION, function ($handle, string $line): int {
            $this->header($line);
            return strlen($line);
        });
        curl_setopt($handle, CURLOPT_WRITEFUNCTION, function ($handle, string $bytes): int {
            $this->bytes($bytes);
            return strlen($bytes);
        });
        // CURLOPT_XFERINFOFUNCTION is the same, but PHP 8.1 does not have it.
        curl_setopt($handle, CURLOPT_PROGRESSFUNCTION, function (): int {
            if ($this->announced) {
                $this->bytes('');
            } elseif (microtime(true) - $this->began > self::FIRST_S) {
                $this->cancelled = true;
            }
            return $this->cancelled ? 1 : 0;
        });
        curl_setopt($handle, CURLOPT_NOPROGRESS, false);
    }

    private function header(string $line): void
    {
        if (preg_match('#^HTTP/\S+ (\d{3})#', $line, $found)) {
            $this->status = (int) $found[1];
            $this->headers = [];
        } elseif (str_contains($line, ':')) {
            [$name, $value] = explode(':', $line, 2);
            $this->headers[strtolower(trim($name))] = trim($value);
        } elseif (trim($line) === '' && $this->status >= 200) {
            $this->announce();
        }
    }

    private function announce(): void
    {
        if (! $this->announced) {
            $this->announced = true;
            ($this->on_headers)($this->status, $this->headers);
        }
    }

    private function bytes(string $bytes): void
    {
        if (! $this->cancelled) {
            $this->cancelled = ($this->on_bytes)($bytes) === false;
        }
    }
}
