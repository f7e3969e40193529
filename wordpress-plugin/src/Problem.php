<?php

declare(strict_types=1);

namespace AIGuy\Chat;

if (! defined('ABSPATH')) {
    exit;
}

/**
 * Errors in the form of RFC 9457, as the backend sends them too.
 */
final class Problem
{
    public const CONTENT_TYPE = 'application/problem+json';
    /** What a browser may know of an error. */
    public const MEMBERS = ['type', 'title', 'status', 'detail', 'code', 'trace_id', 'retryable', 'errors', 'can_mail'];

    /** A problem's members; `$detail` is written for a person. */
    public static function of(int $status, string $code, string $detail, bool $retryable = false): array
    {
        return [
            'type' => 'about:blank', 'title' => get_status_header_desc($status), 'status' => $status,
            'detail' => $detail, 'code' => $code, 'trace_id' => '', 'retryable' => $retryable,
        ];
    }

    /** The same as the answer of a REST route. */
    public static function response(array $problem, array $headers = []): \WP_REST_Response
    {
        $response = new \WP_REST_Response($problem, $problem['status']);
        $response->set_headers(['Content-Type' => self::CONTENT_TYPE] + $headers);
        return $response;
    }
}
