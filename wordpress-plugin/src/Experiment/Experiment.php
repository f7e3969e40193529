<?php

declare(strict_types=1);

namespace AIGuy\Chat\Experiment;

use AIGuy\Chat\Peer;
use AIGuy\Chat\Plugin;
use AIGuy\Chat\RateLimit;
use AIGuy\Chat\Rest\Origin;
use AIGuy\Chat\Settings;

if (! defined('ABSPATH')) {
    exit;
}

/**
 * Chat against contact form: a share of the visitors sees the chat, the others the form.
 *
 * The browser decides, once, and keeps it in a cookie: pages are cached and the same for everybody, and a visitor of the
 * form's arm loads nothing of the chat. The share says nothing about the person, so there is nothing to forge.
 */
final class Experiment
{
    public const COOKIE = 'aiguy_ab';
    private const MOST_PER_HOUR = 60;

    /** `POST /seen {arm, event}`: what the browser saw of the experiment; and what the server itself sees. */
    public function register(): void
    {
        add_action('rest_api_init', static function (): void {
            register_rest_route(Plugin::REST_NAMESPACE, '/seen', [
                'methods' => 'POST',
                'callback' => [self::class, 'seen'],
                'permission_callback' => static fn (): bool => Origin::is_ours() && self::runs(),
                'show_in_index' => false,
                'args' => [
                    'arm' => ['type' => 'string', 'enum' => Counts::ARMS, 'required' => true],
                    'event' => ['type' => 'string', 'enum' => ['shown', 'used', 'message'], 'required' => true],
                ],
            ]);
        });
        add_action('aiguy_forwarded', [self::class, 'count_forwarded']);
    }

    /** Whether there are two arms. */
    public static function runs(): bool
    {
        $share = Settings::get('ab_share');
        return Settings::is_complete() && $share > 0 && $share < 100;
    }

    /** Counts what a browser has told, within limits. */
    public static function seen(\WP_REST_Request $request): \WP_REST_Response
    {
        if (RateLimit::allows('seen', Peer::neighbourhood(), self::MOST_PER_HOUR, HOUR_IN_SECONDS)) {
            Counts::add($request['arm'], $request['event']);
        }
        return new \WP_REST_Response(null, 204);
    }

    /** A hand-over that was asked for in the chat. */
    public static function count_forwarded(string $route): void
    {
        if ($route === 'handoff' && self::arm() === 'chat') {
            Counts::add('chat', 'handed_over');
        }
    }

    /** A message of the contact form: a person reads it. */
    public static function count_form(): void
    {
        if (self::arm() === 'form') {
            Counts::add('form', 'message');
            Counts::add('form', 'handed_over');
        }
    }

    private static function arm(): string
    {
        return self::runs() ? sanitize_key(wp_unslash($_COOKIE[self::COOKIE] ?? '')) : '';
    }
}
