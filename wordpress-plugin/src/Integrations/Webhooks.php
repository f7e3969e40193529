<?php

declare(strict_types=1);

namespace AIGuy\Chat\Integrations;

use AIGuy\Chat\Plugin;
use AIGuy\Chat\Problem;
use AIGuy\Chat\Settings;

if (! defined('ABSPATH')) {
    exit;
}

/**
 * What the tickets service tells the shop: a signed message becomes a notice for staff and an e-mail, once.
 */
final class Webhooks
{
    private const MOST_BYTES = 65536;

    /** Adds the hooks. */
    public function register(): void
    {
        add_action('rest_api_init', [$this, 'route']);
    }

    /** Whoever has the secret may call: there is no user. */
    public function route(): void
    {
        register_rest_route(Plugin::REST_NAMESPACE, '/webhooks', [
            'methods' => 'POST', 'callback' => [$this, 'receive'], 'permission_callback' => '__return_true',
        ]);
    }

    /** Checks the signature before anything else is read. */
    public function receive(\WP_REST_Request $request): \WP_REST_Response
    {
        $body = (string) $request->get_body();
        if (strlen($body) > self::MOST_BYTES) {
            return Problem::response(Problem::of(413, 'payload_too_large', __('The message is too large.', 'aiguy-chat')));
        }
        $id = (string) $request->get_header('webhook-id');
        $holds = WebhookSignature::holds(
            (string) Settings::get('webhook_secret'),
            $id,
            (string) $request->get_header('webhook-timestamp'),
            (string) $request->get_header('webhook-signature'),
            $body,
            time()
        );
        if (! $holds) {
            $detail = __('The signature is missing, wrong or too old.', 'aiguy-chat');
            return Problem::response(Problem::of(401, 'unauthenticated', $detail));
        }
        $event = TicketEvent::of($id, json_decode($body, true));
        if (null === $event) {
            return Problem::response(Problem::of(422, 'invalid_request', __('This is no ticket event.', 'aiguy-chat')));
        }
        if (TicketNotices::add($event)) {
            self::mail($event);
        }
        return new \WP_REST_Response(['received' => true], 200, ['Cache-Control' => 'no-store']);
    }

    private static function mail(TicketEvent $event): void
    {
        $shop = wp_specialchars_decode((string) get_option('blogname'), ENT_QUOTES);
        $lines = [$event->sentence(), '', ...$event->facts()];
        if (! wp_mail(Settings::get('contact_email'), "[$shop] " . $event->sentence(), implode("\n", $lines))) {
            TicketNotices::mail_failed($event->id);
        }
    }
}
