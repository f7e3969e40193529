<?php

declare(strict_types=1);

namespace AIGuy\Chat\Rest;

use AIGuy\Chat\Backend;
use AIGuy\Chat\Plugin;
use AIGuy\Chat\Problem;
use AIGuy\Chat\Response;
use AIGuy\Chat\Streaming\Relay;
use AIGuy\Chat\Streaming\StreamedResponse;
use AIGuy\Chat\Tokens;
use AIGuy\Chat\Visitor;

if (! defined('ABSPATH')) {
    exit;
}

/**
 * The routes that go on to the backend, with a token for the person whose cookies the request has.
 */
final class ProxyRoutes
{
    /** Seconds: `/chat` without a stream is answered when its turn is over. */
    private const CHAT_TIMEOUT_S = 45.0;
    private const TIMEOUT_S = 15.0;

    /** Adds the routes. */
    public function register(): void
    {
        add_action('rest_api_init', static function (): void {
            foreach (Forwarding::ROUTES as $name => $route) {
                register_rest_route(Plugin::REST_NAMESPACE, "/{$name}", [
                    'methods' => $route[0],
                    'callback' => static fn (\WP_REST_Request $request): \WP_REST_Response => self::forward($name, $request),
                    'permission_callback' => [Gate::class, 'admits'],
                    'show_in_index' => false,
                ]);
            }
        });
    }

    /** The backend's answer to one request. */
    public static function forward(string $name, \WP_REST_Request $request): \WP_REST_Response
    {
        $route = Forwarding::ROUTES[$name];
        if (strlen($request->get_body()) > Forwarding::MOST_BYTES) {
            $detail = __('That is too long. Please shorten it.', 'aiguy-chat');
            return Problem::response(Problem::of(413, 'payload_too_large', $detail));
        }
        $path = Forwarding::path($route, $request);
        $body = $route[0] === 'POST' ? Forwarding::body($route, $request) : [];
        if ($path === null || $body === null) {
            $detail = __('The request is not complete or not well formed.', 'aiguy-chat');
            return Problem::response(Problem::of(400, 'bad_request', $detail));
        }
        $visitor = Visitor::current();
        $token = Tokens::for_visitor($visitor);
        $headers = Forwarding::headers($request);
        $sent = $route[0] === 'POST' ? $body : null;
        if (self::wants_stream($name, $request)) {
            $relay = new Relay($name, $visitor->subject);
            return new StreamedResponse(static fn () => $relay->run($route[0], $path, $token, $sent, $headers));
        }
        $timeout = $name === 'chat' ? self::CHAT_TIMEOUT_S : self::TIMEOUT_S;
        return self::answer($name, Backend::request($route[0], $path, $token, $sent, $headers, $timeout));
    }

    /** What the browser gets of an answer that came as a whole. */
    public static function answer(string $name, Response $answer): \WP_REST_Response
    {
        if (! $answer->ok() || ! str_contains($answer->headers['content-type'] ?? '', 'json')) {
            return Problem::response($answer->problem(), self::shown_headers($answer->headers));
        }
        /** The backend did what a visitor asked: `$name` is the route. */
        do_action('aiguy_forwarded', $name);
        // Decoded as objects: an empty one stays an object.
        $response = new \WP_REST_Response(json_decode($answer->body), $answer->status);
        $response->set_headers(self::shown_headers($answer->headers));
        return $response;
    }

    /** Of the backend's headers only these are for browsers. */
    public static function shown_headers(array $headers): array
    {
        $shown = array_filter(
            $headers,
            static fn (string $name): bool => $name === 'retry-after' || str_starts_with($name, 'x-aiguy-'),
            ARRAY_FILTER_USE_KEY
        );
        return array_combine(array_map(static fn (string $name): string => ucwords($name, '-'), array_keys($shown)), $shown);
    }

    private static function wants_stream(string $name, \WP_REST_Request $request): bool
    {
        $accepts = str_contains((string) $request->get_header('Accept'), 'text/event-stream');
        return Backend::can_stream() && ($name === 'stream' || ($name === 'chat' && $accepts));
    }
}
