<?php

declare(strict_types=1);

namespace AIGuy\Chat\Admin;

use AIGuy\Chat\Integrations\Check;
use AIGuy\Chat\Integrations\ConnectionChecks;
use AIGuy\Chat\Integrations\KnowledgePush;
use AIGuy\Chat\Integrations\KnowledgeQueue;
use AIGuy\Chat\Integrations\StreamTest;
use AIGuy\Chat\Keys;
use AIGuy\Chat\Peer;
use AIGuy\Chat\Plugin;
use AIGuy\Chat\Settings;

if (! defined('ABSPATH')) {
    exit;
}

/**
 * Our tests and facts under Tools, Site Health.
 */
final class SiteHealth
{
    /** Settings whose value is nobody's business: only whether they are set is shown. */
    private const SECRET = ['webhook_secret'];

    /** Adds the hooks. */
    public function register(): void
    {
        add_filter('site_status_tests', [$this, 'add_tests']);
        add_filter('debug_information', [$this, 'add_facts']);
        add_action('rest_api_init', [$this, 'routes']);
    }

    /** Calls over the network are asynchronous tests: the page does not wait for them. */
    public function add_tests(array $tests): array
    {
        $names = [
            'connection' => __('Connection to the support agent', 'aiguy-chat'),
            'streaming' => __('Streaming of answers', 'aiguy-chat'),
        ];
        foreach ($names as $name => $label) {
            $tests['async']["aiguy_$name"] = [
                'label' => $label, 'test' => rest_url(Plugin::REST_NAMESPACE . "/site-health/$name"), 'has_rest' => true,
                'async_direct_test' => [$this, $name],
            ];
        }
        $tests['direct']['aiguy_knowledge'] = [
            'label' => __('Knowledge base', 'aiguy-chat'), 'test' => [$this, 'knowledge'],
        ];
        $tests['direct']['aiguy_page_cache'] = [
            'label' => __('Page cache and chat', 'aiguy-chat'), 'test' => [$this, 'page_cache'],
        ];
        $tests['direct']['aiguy_visitors'] = [
            'label' => __('Addresses of visitors', 'aiguy-chat'), 'test' => [$this, 'visitors'],
        ];
        return $tests;
    }

    /** The addresses of the asynchronous tests. */
    public function routes(): void
    {
        foreach (['connection', 'streaming'] as $name) {
            register_rest_route(Plugin::REST_NAMESPACE, "/site-health/$name", [
                'methods' => 'GET', 'callback' => [$this, $name],
                'permission_callback' => static fn (): bool => current_user_can('view_site_health_checks'),
            ]);
        }
    }

    /** Whether site and backend understand each other. */
    public function connection(): array
    {
        $checks = ConnectionChecks::all();
        $wrong = array_filter($checks, static fn (Check $one): bool => in_array($one->status, [Check::FAIL, Check::WARN], true));
        if ([] === $wrong) {
            return self::result('connection', 'good', __('The support agent can be reached', 'aiguy-chat'), [
                __('All steps of the connection test succeed.', 'aiguy-chat'),
            ]);
        }
        $lines = array_map(static fn (Check $one): string => "{$one->label}: {$one->text}", array_values($wrong));
        return ConnectionChecks::passed($checks)
            ? self::result('connection', 'recommended', __('The support agent works, but look at this', 'aiguy-chat'), $lines)
            : self::result('connection', 'critical', __('The support agent cannot be used', 'aiguy-chat'), $lines);
    }

    /** Whether answers appear as they are written. */
    public function streaming(): array
    {
        $check = StreamTest::check();
        return Check::PASS === $check->status
            ? self::result('streaming', 'good', __('Answers of the chat appear word by word', 'aiguy-chat'), [$check->text])
            : self::result('streaming', 'recommended', __('Answers may appear all at once', 'aiguy-chat'), [$check->text]);
    }

    /** Whether the knowledge base has what is published. */
    public function knowledge(): array
    {
        $good = __('The knowledge base follows what you publish', 'aiguy-chat');
        $waiting = KnowledgeQueue::waiting();
        if (! Settings::get('push_knowledge') && 0 === $waiting) {
            return self::result('knowledge', 'good', __('Pages are not sent to the knowledge base', 'aiguy-chat'), [
                __('This is switched off in the settings.', 'aiguy-chat'),
            ]);
        }
        /* translators: %s: a number of pages */
        $wait = sprintf(__('Pages that wait: %s.', 'aiguy-chat'), number_format_i18n($waiting));
        $state = KnowledgePush::state();
        if ($state['failures'] > 0) {
            return self::result('knowledge', 'critical', __('The knowledge base does not get your changes', 'aiguy-chat'), [
                $state['error'],
                $wait,
            ]);
        }
        if (! Settings::get('push_knowledge')) {
            return self::result('knowledge', 'recommended', __('Pages are still being taken out of the knowledge base', 'aiguy-chat'), [$wait]);
        }
        if ([] !== $state['refused']) {
            $lines = array_map(static fn (array $one): string => "{$one['title']}: {$one['why']}", array_values($state['refused']));
            return self::result('knowledge', 'recommended', __('Some pages are not in the knowledge base', 'aiguy-chat'), $lines);
        }
        return self::result('knowledge', 'good', $good, [$wait]);
    }

    /** Pages may be cached; our REST routes must not be. */
    public function page_cache(): array
    {
        $text = defined('WP_CACHE') && WP_CACHE
            ? __('A page cache is active. Pages with the chat may be cached. Exclude /wp-json/aiguy/ from caching if your cache plugin caches the REST API.', 'aiguy-chat')
            : __('No page cache was found. Should you add one: pages with the chat may be cached, /wp-json/aiguy/ must not.', 'aiguy-chat');
        return self::result('page_cache', 'good', __('The chat works on cached pages', 'aiguy-chat'), [$text]);
    }

    /** Behind a proxy that nobody has named, all visitors are one. */
    public function visitors(): array
    {
        if (! Peer::is_hidden()) {
            return self::result('visitors', 'good', __('Visitors are told apart by their addresses', 'aiguy-chat'), [
                __('Who writes too much is stopped, and nobody else.', 'aiguy-chat'),
            ]);
        }
        /* translators: %s: the name of a PHP constant */
        $text = __('This site is behind a proxy or CDN. Its address is taken for that of every visitor: they share the limits, such as ten messages of the contact form in an hour. Name the proxy’s addresses in wp-config.php, in %s.', 'aiguy-chat');
        return self::result('visitors', 'recommended', __('All visitors share their limits', 'aiguy-chat'), [
            sprintf($text, Peer::CONSTANT),
        ]);
    }

    /** What support staff ask for, without any secret. */
    public function add_facts(array $info): array
    {
        $fields = ['version' => ['label' => __('Version', 'aiguy-chat'), 'value' => Plugin::VERSION]];
        foreach (Settings::all() as $name => $value) {
            $shown = in_array($name, self::SECRET, true) ? ('' === $value ? 'not set' : 'set') : $value;
            $fields[$name] = [
                'label' => $name . (Settings::is_fixed($name) ? ' (wp-config.php)' : ''),
                'value' => is_array($shown) ? implode(', ', $shown) : (is_bool($shown) ? ($shown ? 'yes' : 'no') : $shown),
                'private' => in_array($name, ['backend_url', 'public_url', 'issuer', 'contact_email'], true),
            ];
        }
        $fields['key_id'] = ['label' => 'key id', 'value' => Keys::shown()];
        $fields['curl'] = ['label' => 'curl', 'value' => function_exists('curl_init') ? 'yes' : 'no'];
        $fields['sodium'] = ['label' => 'sodium', 'value' => extension_loaded('sodium') ? 'yes' : 'no'];
        $fields['waiting'] = ['label' => 'pages that wait', 'value' => KnowledgeQueue::waiting()];
        $fields['failures'] = ['label' => 'failed pushes in a row', 'value' => KnowledgePush::state()['failures']];
        $info['aiguy-chat'] = ['label' => __('AIGuy Chat', 'aiguy-chat'), 'fields' => $fields];
        return $info;
    }

    private static function result(string $name, string $status, string $label, array $lines): array
    {
        return [
            'label' => $label, 'status' => $status, 'test' => "aiguy_$name",
            'badge' => ['label' => __('AIGuy Chat', 'aiguy-chat'), 'color' => 'blue'],
            'description' => '<p>' . implode('</p><p>', array_map('esc_html', $lines)) . '</p>',
            'actions' => sprintf(
                '<p><a href="%s">%s</a></p>',
                esc_url(SettingsPage::url()),
                esc_html__('Open the settings of AIGuy Chat', 'aiguy-chat')
            ),
        ];
    }
}
