<?php

declare(strict_types=1);

namespace AIGuy\Chat\Rest;

if (! defined('ABSPATH')) {
    exit;
}

/**
 * What is passed on to the backend: per route the method, the path, and the fields that go on. All else stays here.
 */
final class Forwarding
{
    /** Most bytes of a body. */
    public const MOST_BYTES = 64 * KB_IN_BYTES;

    /** `{…}` in a path is filled from the query; `query` and `body` are the fields that go on. */
    public const ROUTES = [
        'chat' => ['POST', '/chat', 'body' => ['session_id', 'message', 'mail_to']],
        'stream' => ['GET', '/api/agent/stream', 'query' => ['conversation_id', 'turn_id', 'after']],
        'conversations' => ['POST', '/api/agent/conversations', 'body' => ['session_id', 'context']],
        'conversation' => ['GET', '/api/agent/conversations/{conversation_id}', 'query' => ['limit']],
        'confirmations' => ['POST', '/api/agent/confirmations',
            'body' => ['conversation_id', 'turn_id', 'digest', 'confirmed']],
        'handoff' => ['POST', '/api/agent/handoff', 'body' => ['conversation_id', 'client_turn_id', 'mail_to']],
        'feedback' => ['POST', '/api/agent/feedback',
            'body' => ['conversation_id', 'turn_id', 'thumbs', 'csat', 'tags', 'comment']],
        'stop' => ['POST', '/api/agent/stop', 'body' => ['conversation_id', 'turn_id']],
        'slack' => ['POST', '/api/agent/slack/codes'],
    ];

    /** Headers of a browser that go on. Their values are bounded, and cannot end a line. */
    private const HEADERS = ['Idempotency-Key', 'Accept-Language', 'Last-Event-ID'];

    private const VALUE = '/^[A-Za-z0-9_.:-]{1,128}$/D';

    /**
     * The path with its query; null when a field is not of the form that it has.
     *
     * @param array{0: string, 1: string, query?: list<string>} $route
     */
    public static function path(array $route, \WP_REST_Request $request): ?string
    {
        $given = $request->get_query_params();
        $path = $route[1];
        if (str_contains($path, '{conversation_id}')) {
            $id = $given['conversation_id'] ?? '';
            if (! is_string($id) || ! preg_match(self::VALUE, $id) || trim($id, '.') === '') {
                return null;
            }
            $path = str_replace('{conversation_id}', rawurlencode($id), $path);
        }
        $query = array_intersect_key($given, array_flip($route['query'] ?? []));
        foreach ($query as $value) {
            if (! is_string($value) || ! preg_match(self::VALUE, $value)) {
                return null;
            }
        }
        return $query === [] ? $path : $path . '?' . http_build_query($query, '', '&', PHP_QUERY_RFC3986);
    }

    /**
     * The fields of the body that go on; null when it is no object of JSON.
     *
     * @param array{0: string, 1: string, body?: list<string>} $route
     */
    public static function body(array $route, \WP_REST_Request $request): ?array
    {
        $content = json_decode($request->get_body(), false, 16);
        if (! $content instanceof \stdClass) {
            return null;
        }
        return array_intersect_key((array) $content, array_flip($route['body'] ?? []));
    }

    /** The headers that go on. */
    public static function headers(\WP_REST_Request $request): array
    {
        $found = [];
        foreach (self::HEADERS as $name) {
            $value = (string) $request->get_header($name);
            if ($value !== '' && strlen($value) <= 128) {
                $found[$name] = $value;
            }
        }
        return $found;
    }
}
