<?php

declare(strict_types=1);

namespace AIGuy\Chat;

if (! defined('ABSPATH')) {
    exit;
}

/**
 * What the backend answered. `status` is 0, and `error` says why, when there was no answer. Header names are lower case.
 */
final class Response
{
    /** @param array<string, string> $headers */
    public function __construct(
        public readonly int $status,
        public readonly array $headers,
        public readonly string $body,
        public readonly ?string $error = null,
    ) {
    }

    /** Whether the backend did what was asked. */
    public function ok(): bool
    {
        return $this->status >= 200 && $this->status < 300;
    }

    /** The body as an object of JSON; empty when it is none. */
    public function json(): array
    {
        $content = json_decode($this->body, true);
        return is_array($content) ? $content : [];
    }

    /**
     * What went wrong, as a problem for a browser: `status`, `code`, `detail`, `retryable` and more of RFC 9457. What is
     * not a problem of the backend's own is put in words of ours; a refused token is the site's fault, not the visitor's.
     */
    public function problem(): array
    {
        if ($this->status === 0) {
            return Problem::of(503, 'backend_unreachable', self::unreachable(), true);
        }
        if ($this->status === 401) {
            $detail = __('The chat is not set up completely yet. Please use the contact form.', 'aiguy-chat');
            return Problem::of(502, 'backend_refused', $detail, false);
        }
        $told = $this->json();
        if (isset($told['code'], $told['detail']) && is_string($told['code']) && is_string($told['detail'])) {
            $known = array_intersect_key($told, array_flip(Problem::MEMBERS));
            return ['status' => $this->status] + $known + Problem::of($this->status, $told['code'], $told['detail'], false);
        }
        $retryable = $this->status >= 500 || $this->status === 429;
        return Problem::of($this->status >= 400 ? $this->status : 502, 'backend_error', self::unreachable(), $retryable);
    }

    private static function unreachable(): string
    {
        return __('The chat cannot be reached just now. Please try again, or use the contact form.', 'aiguy-chat');
    }
}
