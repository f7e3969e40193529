<?php

declare(strict_types=1);

namespace AIGuy\Chat;

if (! defined('ABSPATH')) {
    exit;
}

/**
 * Who is there, as their cookies say it; nothing of a request's body or query has a say in it.
 *
 * A logged-in person is `wp_<user id>`, which is also the number of a WooCommerce customer. Anybody else is a guest with
 * a random number of their own, `guest_<32 hex>`.
 */
final class Visitor
{
    /** `subject` is the `sub` of the visitor's tokens; `user_id` is 0 for guests. */
    private function __construct(
        public readonly string $kind,
        public readonly string $subject,
        public readonly string $name,
        public readonly string $email,
        public readonly int $user_id,
    ) {
    }

    /** The visitor of this request. A guest without a valid cookie gets a number that only this request knows. */
    public static function current(): self
    {
        $user = get_user_by('id', (int) wp_validate_auth_cookie('', 'logged_in'));
        return $user instanceof \WP_User ? self::of_user($user) : self::guest(Guest::id() ?? Guest::fresh_id());
    }

    /** A user of the site. */
    public static function of_user(\WP_User $user): self
    {
        $kind = $user->has_cap(Lifecycle::CAPABILITY) ? 'staff' : 'customer';
        $name = self::plain((string) $user->display_name);
        return new self($kind, self::subject_of($user->ID), $name, (string) $user->user_email, $user->ID);
    }

    /** The `sub` of the tokens of a user. */
    public static function subject_of(int $user_id): string
    {
        return "wp_{$user_id}";
    }

    /** Whether nobody is logged in. */
    public function is_guest(): bool
    {
        return $this->user_id === 0;
    }

    /** A name for this visitor that says nothing: the browser keeps its things apart by it. */
    public function opaque(): string
    {
        return 'v_' . substr(hash_hmac('sha256', 'visitor|' . $this->subject, wp_salt('nonce')), 0, 20);
    }

    private static function guest(string $id): self
    {
        return new self('guest', "guest_{$id}", '', '', 0);
    }

    private static function plain(string $text): string
    {
        return mb_substr(trim((string) preg_replace('/[\x00-\x1f\x7f]+/', ' ', $text)), 0, 100);
    }
}
