<?php

declare(strict_types=1);

namespace AIGuy\Chat\Rest;

use AIGuy\Chat\Backend;
use AIGuy\Chat\Mail;
use AIGuy\Chat\Peer;
use AIGuy\Chat\Plugin;
use AIGuy\Chat\Problem;
use AIGuy\Chat\RateLimit;
use AIGuy\Chat\Tokens;
use AIGuy\Chat\Visitor;

if (! defined('ABSPATH')) {
    exit;
}

/**
 * `POST /email {conversation_id, turn_id, address?}`: an answer of the visitor's own conversation, by e-mail.
 *
 * What is sent comes from the backend, never from the browser. Logged-in people get it at the address of their account;
 * guests name one, and so may bother somebody else: they may do it seldom, nobody gets much of it however many guests there
 * are, and the site as a whole never sends so much that its mail is taken for spam.
 */
final class EmailRoute
{
    private const MOST_PER_HOUR = ['guest' => 3, 'customer' => 10, 'staff' => 10];
    /** To one address that guests have named, and to all of those together. */
    private const MOST_PER_DAY = ['one' => 5, 'all' => 200];

    /** Adds the route. */
    public function register(): void
    {
        $text = ['type' => 'string', 'pattern' => '^[A-Za-z0-9_.:-]{1,128}$', 'required' => true];
        add_action('rest_api_init', static function () use ($text): void {
            register_rest_route(Plugin::REST_NAMESPACE, '/email', [
                'methods' => 'POST',
                'callback' => [self::class, 'send'],
                'permission_callback' => [Gate::class, 'admits'],
                'show_in_index' => false,
                'args' => [
                    'conversation_id' => $text,
                    'turn_id' => $text,
                    'address' => ['type' => 'string', 'maxLength' => 190],
                ],
            ]);
        });
    }

    /** Sends it: 202, or a problem. */
    public static function send(\WP_REST_Request $request): \WP_REST_Response
    {
        $visitor = Visitor::current();
        $to = $visitor->is_guest() ? sanitize_email((string) $request['address']) : $visitor->email;
        if (! is_email($to) || ($visitor->is_guest() && $to !== trim((string) $request['address']))) {
            return self::problem(422, 'invalid_address', __('That is no e-mail address.', 'aiguy-chat'));
        }
        if (! self::may_send($visitor)) {
            return self::too_much();
        }
        $id = rawurlencode((string) $request['conversation_id']);
        $path = "/api/agent/conversations/{$id}?limit=200";
        $answer = Backend::request('GET', $path, Tokens::for_visitor($visitor));
        if (! $answer->ok()) {
            return Problem::response($answer->problem());
        }
        $found = self::message($answer->json(), (string) $request['turn_id']);
        if ($found === null) {
            return self::problem(404, 'not_found', __('There is no such answer in a conversation of yours.', 'aiguy-chat'));
        }
        if ($visitor->is_guest() && ! self::may_get($to)) {
            return self::too_much();
        }
        return Mail::answer($to, $found)
            ? new \WP_REST_Response(new \stdClass(), 202)
            : self::problem(503, 'mail_failed', __('The e-mail could not be sent. Please try again later.', 'aiguy-chat'));
    }

    private static function may_send(Visitor $visitor): bool
    {
        $most = self::MOST_PER_HOUR[$visitor->kind];
        return RateLimit::allows('email', $visitor->subject, $most, HOUR_IN_SECONDS)
            && (! $visitor->is_guest() || RateLimit::allows('email', Peer::neighbourhood(), $most, HOUR_IN_SECONDS));
    }

    /** Counted only for what is really sent: else a guest without any conversation could use up what others may get. */
    private static function may_get(string $to): bool
    {
        return RateLimit::allows('email_to', strtolower($to), self::MOST_PER_DAY['one'], DAY_IN_SECONDS)
            && RateLimit::allows('email_to', 'all', self::MOST_PER_DAY['all'], DAY_IN_SECONDS);
    }

    private static function too_much(): \WP_REST_Response
    {
        $detail = __('That was a lot at once. Please try again in an hour.', 'aiguy-chat');
        return Problem::response(Problem::of(429, 'rate_limited', $detail, true), ['Retry-After' => '3600']);
    }

    /** The last message of the turn that is an answer. */
    private static function message(array $conversation, string $turn): ?array
    {
        foreach (array_reverse((array) ($conversation['messages'] ?? [])) as $said) {
            $is_answer = in_array($said['role'] ?? '', ['assistant', 'staff'], true);
            if ($is_answer && ($said['turn_id'] ?? '') === $turn && is_string($said['text'] ?? null)) {
                return $said;
            }
        }
        return null;
    }

    private static function problem(int $status, string $code, string $detail): \WP_REST_Response
    {
        return Problem::response(Problem::of($status, $code, $detail, $status >= 500));
    }
}
