<?php

declare(strict_types=1);

namespace AIGuy\Chat\Rest;

use AIGuy\Chat\Guest;
use AIGuy\Chat\Keys;
use AIGuy\Chat\Visitor;

if (! defined('ABSPATH')) {
    exit;
}

/**
 * Who may call: whoever holds the nonce that `/session` gave to exactly this person, on this site.
 *
 * Logged-in people have WordPress's own nonce. A guest's is ours and bound to the guest: WordPress gives all guests the
 * same, and drops who sends a nonce in its header to nobody.
 */
final class Gate
{
    public const GUEST_HEADER = 'X-Aiguy-Nonce';
    private const ACTION = 'aiguy_guest';

    /** The headers with which this visitor's browser proves that it is our page that calls. Call it as that user. */
    public static function headers_for(Visitor $visitor): array
    {
        if ($visitor->is_guest()) {
            return [self::GUEST_HEADER => self::guest_nonce($visitor->subject, (int) wp_nonce_tick(self::ACTION))];
        }
        return ['X-WP-Nonce' => wp_create_nonce('wp_rest')];
    }

    /** A permission callback: the request is of the visitor whose cookies it has, and of a page of ours. */
    public static function admits(\WP_REST_Request $request): bool|\WP_Error
    {
        if (! Keys::usable()) {
            return self::unusable();
        }
        $visitor = Visitor::current();
        $known = $visitor->is_guest() ? self::is_guest($visitor, $request) : self::is_user($visitor, $request);
        if ($known && Origin::is_ours() && Origin::is_plain($request)) {
            return true;
        }
        $detail = __('This page is out of date. Please reload it and try again.', 'aiguy-chat');
        return new \WP_Error('aiguy_stale_nonce', $detail, ['status' => 403]);
    }

    /** The refusal while the site has no key to sign with. */
    public static function unusable(): \WP_Error
    {
        $detail = __('The chat is not set up completely yet. Please use the contact form.', 'aiguy-chat');
        return new \WP_Error('aiguy_no_key', $detail, ['status' => 503]);
    }

    private static function is_user(Visitor $visitor, \WP_REST_Request $request): bool
    {
        return get_current_user_id() === $visitor->user_id
            && wp_verify_nonce((string) $request->get_header('X-WP-Nonce'), 'wp_rest') !== false;
    }

    private static function is_guest(Visitor $visitor, \WP_REST_Request $request): bool
    {
        $given = (string) $request->get_header(self::GUEST_HEADER);
        $tick = (int) wp_nonce_tick(self::ACTION);
        return Guest::id() !== null && (hash_equals(self::guest_nonce($visitor->subject, $tick), $given)
            || hash_equals(self::guest_nonce($visitor->subject, $tick - 1), $given));
    }

    private static function guest_nonce(string $subject, int $tick): string
    {
        return substr(hash_hmac('sha256', "nonce|{$tick}|{$subject}", wp_salt('nonce')), 0, 32);
    }
}
