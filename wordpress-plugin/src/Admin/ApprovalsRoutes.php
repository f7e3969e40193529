<?php

declare(strict_types=1);

namespace AIGuy\Chat\Admin;

use AIGuy\Chat\Backend;
use AIGuy\Chat\Lifecycle;
use AIGuy\Chat\Plugin;
use AIGuy\Chat\Problem;
use AIGuy\Chat\Response;
use AIGuy\Chat\Tokens;

if (! defined('ABSPATH')) {
    exit;
}

/**
 * REST routes of the approvals page. WordPress knows the person by cookie and nonce; the capability lets them in; the
 * backend decides whether this person may decide about this card.
 */
final class ApprovalsRoutes
{
    /** Adds the hooks. */
    public function register(): void
    {
        add_action('rest_api_init', [$this, 'routes']);
    }

    /** Both routes have one address. */
    public function routes(): void
    {
        $may = static fn (): bool => current_user_can(Lifecycle::CAPABILITY);
        $id = static fn (string $prefix): array
            => ['type' => 'string', 'required' => true, 'pattern' => "^{$prefix}_[0-9a-f]{32}$"];
        register_rest_route(Plugin::REST_NAMESPACE, '/approvals', [
            ['methods' => 'GET', 'callback' => [$this, 'queue'], 'permission_callback' => $may],
            ['methods' => 'POST', 'callback' => [$this, 'decide'], 'permission_callback' => $may, 'args' => [
                'conversation_id' => $id('cnv'),
                'turn_id' => $id('trn'),
                'digest' => ['type' => 'string', 'required' => true, 'pattern' => '^[0-9a-f]{64}$'],
                'approved' => ['type' => 'boolean', 'required' => true],
                'notes' => ['type' => 'string', 'default' => '', 'maxLength' => 1000],
            ]],
        ]);
    }

    /** What waits, the oldest first. */
    public function queue(): \WP_REST_Response
    {
        $answer = ApprovalsQueue::ask(wp_get_current_user());
        if (! $answer->ok()) {
            return self::refused($answer);
        }
        $cards = ApprovalsQueue::cards($answer);
        return new \WP_REST_Response(['approvals' => $cards, 'count' => count($cards)], 200, ['Cache-Control' => 'no-store']);
    }

    /** This person's yes or no to one card. */
    public function decide(\WP_REST_Request $request): \WP_REST_Response
    {
        $decision = [];
        foreach (['conversation_id', 'turn_id', 'digest', 'approved', 'notes'] as $name) {
            $decision[$name] = $request->get_param($name);
        }
        $decision['notes'] = str_replace("\0", '', (string) $decision['notes']);
        $answer = Backend::request('POST', ApprovalsQueue::PATH, Tokens::for_staff(wp_get_current_user()), $decision);
        ApprovalsQueue::forget_count();
        if (! $answer->ok()) {
            return self::refused($answer);
        }
        $missing = (int) ($answer->json()['approvals_missing'] ?? 0);
        return new \WP_REST_Response(['approvals_missing' => $missing], 200, ['Cache-Control' => 'no-store']);
    }

    /** The backend's problem; words for staff where those for visitors would not help. */
    private static function refused(Response $answer): \WP_REST_Response
    {
        if (401 !== $answer->status && 0 !== $answer->status) {
            return Problem::response($answer->problem());
        }
        $detail = 0 === $answer->status
            ? __('The backend cannot be reached just now. The list refreshes itself.', 'aiguy-chat')
            : __('The backend does not know this site’s signature. An administrator finds out more in the connection test.', 'aiguy-chat');
        $problem = ['detail' => $detail] + $answer->problem();
        return Problem::response($problem);
    }
}
