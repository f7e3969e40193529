<?php

declare(strict_types=1);

namespace AIGuy\Chat\Integrations;

use AIGuy\Chat\Plugin;
use AIGuy\Chat\Streaming\Output;
use AIGuy\Chat\Streaming\StreamedResponse;

if (! defined('ABSPATH')) {
    exit;
}

/**
 * Whether what PHP sends piece by piece leaves the site piece by piece: the site reads a small stream of its own.
 */
final class StreamTest
{
    private const PATH = '/stream-test';
    private const TICKET = 'aiguy_stream_test';
    private const EVENTS = 5;
    private const PAUSE_MS = 200;
    private const TIMEOUT_S = 10;
    /** Below this share of the time that the events take to be sent they came in one piece. */
    private const SPREAD = 0.5;

    /** Adds the hooks. */
    public function register(): void
    {
        add_action('rest_api_init', [$this, 'route']);
    }

    /** For administrators, and for the site itself with a ticket that it has just made. */
    public function route(): void
    {
        register_rest_route(Plugin::REST_NAMESPACE, self::PATH, [
            'methods' => 'GET', 'callback' => [$this, 'send'], 'permission_callback' => [$this, 'may'],
            'args' => ['ticket' => ['type' => 'string', 'default' => '', 'maxLength' => 64]],
        ]);
    }

    /** Whether this request may hold a PHP process for a second. */
    public function may(\WP_REST_Request $request): bool
    {
        $ticket = (string) get_transient(self::TICKET);
        $is_ours = '' !== $ticket && hash_equals($ticket, (string) $request->get_param('ticket'));
        return $is_ours || current_user_can('manage_options');
    }

    /** Sends the events on the same way as answers of the chat. */
    public function send(): StreamedResponse
    {
        return new StreamedResponse(static function (): void {
            Output::begin([]);
            for ($number = 1; $number <= self::EVENTS; ++$number) {
                usleep(self::PAUSE_MS * 1000);
                Output::write("id: {$number}\nevent: chunk\ndata: {}\n\n");
            }
        });
    }

    /** Reads the stream and looks when its pieces came. */
    public static function check(): Check
    {
        $label = __('Answers appear word by word', 'aiguy-chat');
        $times = [];
        $note_time = static function () use (&$times): void {
            $times[] = microtime(true);
        };
        $ticket = wp_generate_password(32, false);
        set_transient(self::TICKET, $ticket, MINUTE_IN_SECONDS);
        add_action('requests-request.progress', $note_time);
        $url = add_query_arg('ticket', $ticket, rest_url(Plugin::REST_NAMESPACE . self::PATH));
        $options = ['timeout' => self::TIMEOUT_S, 'redirection' => 0, 'headers' => ['Accept' => 'text/event-stream']];
        $answer = wp_remote_get($url, $options);
        remove_action('requests-request.progress', $note_time);
        delete_transient(self::TICKET);
        if (is_wp_error($answer) || 200 !== wp_remote_retrieve_response_code($answer) || [] === $times) {
            return Check::warn('streaming', $label, __(
                'This could not be measured: the site cannot reach itself. If answers appear all at once, choose “Through this site, asking again every few seconds” in the settings.',
                'aiguy-chat'
            ));
        }
        $took = (end($times) - reset($times)) * 1000;
        if ($took < self::SPREAD * self::PAUSE_MS * self::EVENTS) {
            return Check::warn('streaming', $label, __(
                'Something between PHP and the browser collects the answer and sends it in one piece: a cache, compression or a proxy. Ask your host not to buffer text/event-stream, or choose “Through this site, asking again every few seconds” in the settings.',
                'aiguy-chat'
            ));
        }
        return Check::pass('streaming', $label, __('Pieces of an answer arrive one by one.', 'aiguy-chat'));
    }
}
