<?php

declare(strict_types=1);

namespace AIGuy\Chat\Admin;

use AIGuy\Chat\Integrations\Check;
use AIGuy\Chat\Integrations\ConnectionChecks;
use AIGuy\Chat\Integrations\Knowledge;
use AIGuy\Chat\Integrations\KnowledgePush;
use AIGuy\Chat\Keys;
use AIGuy\Chat\Plugin;
use AIGuy\Chat\Problem;
use AIGuy\Chat\Settings;

if (! defined('ABSPATH')) {
    exit;
}

/**
 * What the buttons of the settings page do. WordPress wants a nonce for each call, we the capability.
 */
final class SettingsRoutes
{
    /** Adds the hooks. */
    public function register(): void
    {
        add_action('rest_api_init', [$this, 'routes']);
    }

    /** All of them change or ask something: POST. */
    public function routes(): void
    {
        $calls = [
            'connection-test' => 'test', 'rotate-key' => 'rotate', 'replace-keys' => 'replace', 'knowledge' => 'push',
            'knowledge-step' => 'push_on',
        ];
        foreach ($calls as $path => $method) {
            register_rest_route(Plugin::REST_NAMESPACE, "/$path", [
                'methods' => 'POST', 'callback' => [$this, $method],
                'permission_callback' => static fn (): bool => current_user_can('manage_options'),
            ]);
        }
    }

    /** The steps of the connection test. */
    public function test(): \WP_REST_Response
    {
        $checks = ConnectionChecks::all();
        $text = ConnectionChecks::passed($checks)
            ? __('The connection works.', 'aiguy-chat')
            : __('The connection does not work yet: see below what to do.', 'aiguy-chat');
        return self::answer(['checks' => array_map(static fn (Check $one): array => $one->shown(), $checks), 'text' => $text]);
    }

    /** The next key signs. */
    public function rotate(): \WP_REST_Response
    {
        return self::new_key(Keys::rotate());
    }

    /** Nothing of the old keys signs any more, nor what was to follow them. */
    public function replace(): \WP_REST_Response
    {
        return self::new_key(Keys::replace());
    }

    /** Everything that is public waits. */
    public function push(): \WP_REST_Response
    {
        if (! Settings::get('push_knowledge') || ! Settings::is_complete()) {
            $detail = __('Switch it on in the settings first.', 'aiguy-chat');
            return Problem::response(Problem::of(409, 'conflict', $detail));
        }
        Knowledge::push_all();
        return self::answer(KnowledgeProgress::shown());
    }

    /** One batch of what waits: the page asks for the next as long as it is open, WP-Cron does the rest. */
    public function push_on(): \WP_REST_Response
    {
        if (Settings::is_complete()) {
            KnowledgePush::run();
        }
        return self::answer(KnowledgeProgress::shown());
    }

    private static function new_key(bool $is_new): \WP_REST_Response
    {
        return $is_new
            ? self::answer(['key' => Keys::shown(), 'text' => __('This site signs with a new key.', 'aiguy-chat')])
            : Problem::response(Problem::of(409, 'conflict', __('The key is fixed in wp-config.php.', 'aiguy-chat')));
    }

    private static function answer(array $content): \WP_REST_Response
    {
        return new \WP_REST_Response($content, 200, ['Cache-Control' => 'no-store']);
    }
}
