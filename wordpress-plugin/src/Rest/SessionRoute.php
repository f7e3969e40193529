<?php

declare(strict_types=1);

namespace AIGuy\Chat\Rest;

use AIGuy\Chat\Backend;
use AIGuy\Chat\Guest;
use AIGuy\Chat\Keys;
use AIGuy\Chat\Plugin;
use AIGuy\Chat\Settings;
use AIGuy\Chat\Tokens;
use AIGuy\Chat\Visitor;

if (! defined('ABSPATH')) {
    exit;
}

/**
 * `POST /session`: who is there, and how their browser talks from here on. Pages may be cached for days: nothing that
 * runs out is in their HTML, it is all in this answer.
 */
final class SessionRoute
{
    /** Seconds after which the browser asks again; nonces live much longer, tokens of the direct mode a little. */
    private const EXPIRES_S = ['proxy' => 3600, 'poll' => 3600, 'direct' => 240];
    private const DIRECT = [
        'chat' => '/chat', 'stream' => '/api/agent/stream', 'conversations' => '/api/agent/conversations',
        'conversation' => '/api/agent/conversations/{conversation_id}', 'confirmations' => '/api/agent/confirmations',
        'handoff' => '/api/agent/handoff', 'feedback' => '/api/agent/feedback', 'stop' => '/api/agent/stop',
        'slack' => '/api/agent/slack/codes',
    ];
    private const PROXIED = [
        'chat', 'stream', 'conversations', 'confirmations', 'handoff', 'feedback', 'stop', 'slack', 'email',
    ];

    /** Adds the route. It needs no nonce: it gives them. */
    public function register(): void
    {
        add_action('rest_api_init', static function (): void {
            register_rest_route(Plugin::REST_NAMESPACE, '/session', [
                'methods' => 'POST',
                'callback' => [self::class, 'open'],
                'permission_callback' => [self::class, 'admits'],
                'show_in_index' => false,
            ]);
        });
    }

    /** A permission callback: pages of this site only, for the answer is as good as the visitor's cookies. */
    public static function admits(\WP_REST_Request $request): bool|\WP_Error
    {
        $detail = __('The chat can be opened from pages of this site only.', 'aiguy-chat');
        if (! Origin::is_ours() || ! Origin::is_plain($request)) {
            return new \WP_Error('aiguy_cross_site', $detail, ['status' => 403]);
        }
        return Keys::usable() ? true : Gate::unusable();
    }

    /** The session of the person whose cookies the request has. A guest gets a cookie. */
    public static function open(): \WP_REST_Response
    {
        $visitor = Visitor::current();
        // Without a nonce WordPress takes everybody for a guest; whose nonce is made depends on who is there.
        wp_set_current_user($visitor->user_id);
        if ($visitor->is_guest()) {
            Guest::remember(substr($visitor->subject, strlen('guest_')));
        }
        $mode = Settings::get('mode');
        $direct = $mode === 'direct';
        return new \WP_REST_Response([
            'visitor' => $visitor->opaque(),
            'kind' => $visitor->kind,
            'name' => $visitor->name,
            'headers' => $direct ? self::bearer($visitor) : Gate::headers_for($visitor),
            'credentials' => $direct ? 'omit' : 'same-origin',
            'expires_in' => self::EXPIRES_S[$mode],
            'transport' => $direct || ($mode === 'proxy' && Backend::can_stream()) ? 'stream' : 'poll',
            'routes' => $direct ? self::direct_routes() : self::proxied_routes(),
        ]);
    }

    private static function bearer(Visitor $visitor): array
    {
        return ['Authorization' => 'Bearer ' . Tokens::for_browser($visitor)];
    }

    private static function direct_routes(): array
    {
        return array_map(static fn (string $path): string => Settings::get('public_url') . $path, self::DIRECT);
    }

    /** Relative to the page's own site, by whichever of its names it was opened. */
    private static function proxied_routes(): array
    {
        $routes = [];
        foreach (self::PROXIED as $name) {
            $routes[$name] = self::relative($name);
        }
        $own = self::relative('conversation');
        $routes['conversation'] = $own . (str_contains($own, '?') ? '&' : '?') . 'conversation_id={conversation_id}';
        return $routes;
    }

    private static function relative(string $name): string
    {
        return wp_make_link_relative(rest_url(Plugin::REST_NAMESPACE . '/' . $name));
    }
}
