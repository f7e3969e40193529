<?php

declare(strict_types=1);

namespace AIGuy\Chat\Rest;

use AIGuy\Chat\Plugin;
use AIGuy\Chat\Streaming\StreamedResponse;

if (! defined('ABSPATH')) {
    exit;
}

/**
 * What holds for every route of ours: no other site reads an answer, no cache keeps one that is for one person.
 */
final class Door
{
    /** Hooks into the REST server; other namespaces are left alone. */
    public function register(): void
    {
        add_filter('rest_pre_dispatch', [$this, 'refuse_disguised'], 10, 3);
        // Behind WordPress's own, which let every site of the world read answers with its visitors' cookies.
        add_filter('rest_pre_serve_request', [$this, 'close'], 20, 3);
    }

    /**
     * A GET that says that it were a POST, and a JSONP answer, could be had by a script tag of another site.
     *
     * @param mixed $result
     */
    public function refuse_disguised($result, \WP_REST_Server $server, \WP_REST_Request $request): mixed
    {
        if ($result !== null || ! self::is_ours($request) || Origin::is_plain($request)) {
            return $result;
        }
        $detail = __('This is not how this address is asked.', 'aiguy-chat');
        return new \WP_Error('aiguy_disguised', $detail, ['status' => 400]);
    }

    /** The last headers before an answer leaves; streams are served here. */
    public function close(bool $served, \WP_HTTP_Response $result, \WP_REST_Request $request): bool
    {
        if ($served || ! self::is_ours($request) || headers_sent()) {
            return $served;
        }
        foreach (['Allow-Origin', 'Allow-Credentials', 'Allow-Methods', 'Allow-Headers', 'Expose-Headers'] as $name) {
            header_remove("Access-Control-{$name}");
        }
        $told = array_change_key_case($result->get_headers());
        $cached = $told['cache-control'] ?? 'no-store';
        header("Cache-Control: {$cached}");
        header_remove('Expires');
        header('Vary: ' . (str_starts_with($cached, 'public') ? 'Accept-Encoding' : 'Cookie, Origin'));
        header('X-Content-Type-Options: nosniff');
        if (! $result instanceof StreamedResponse) {
            return false;
        }
        if ($request->get_method() !== 'HEAD') {
            $result->serve();
        }
        return true;
    }

    private static function is_ours(\WP_REST_Request $request): bool
    {
        // WordPress finds a route whatever its case.
        return str_starts_with(strtolower($request->get_route()), '/' . Plugin::REST_NAMESPACE . '/');
    }
}
