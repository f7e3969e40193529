<?php

declare(strict_types=1);

namespace AIGuy\Chat;

if (! defined('ABSPATH')) {
    exit;
}

/**
 * Signed tokens for the backend: for one person or for the site itself, with the scopes of one purpose, for minutes. Each is
 * '' while the site has no key, and `Backend` then makes no call.
 */
final class Tokens
{
    public const AUDIENCE = 'orchestrator';
    /** Seconds. The backend takes five minutes at most. */
    public const LIFE_S = 300;
    /** Seconds that a site's clock may be ahead of the backend's. */
    private const EARLY_S = 20;

    private const STAFF_SCOPES = ['approvals:decide', 'console:read', 'conversations:answer'];

    /** A token with which we ask in a visitor's place. Staff chat as customers: what they may decide, they decide elsewhere. */
    public static function for_visitor(Visitor $visitor): string
    {
        return self::of_visitor($visitor, self::client());
    }

    /** A token with which a visitor's own browser asks the backend, which sees for itself where they are. */
    public static function for_browser(Visitor $visitor): string
    {
        return self::of_visitor($visitor, '');
    }

    /** A token for what staff decide and read. The subject is that of the person's own chat: nobody approves their own. */
    public static function for_staff(\WP_User $user): string
    {
        $name = (string) $user->display_name;
        $subject = Visitor::subject_of($user->ID);
        return self::minted($subject, 'staff', self::STAFF_SCOPES, $name, (string) $user->user_email, self::client());
    }

    /**
     * A token for what the site itself does.
     *
     * @param list<string> $scopes
     */
    public static function for_site(array $scopes): string
    {
        return self::minted('site', 'service', $scopes, '', '', '');
    }

    private static function of_visitor(Visitor $visitor, string $client): string
    {
        $role = $visitor->is_guest() ? 'guest' : 'customer';
        return self::minted($visitor->subject, $role, ['chat:send'], $visitor->name, $visitor->email, $client);
    }

    private static function minted(
        string $subject,
        string $role,
        array $scopes,
        string $name,
        string $email,
        string $client
    ): string {
        if (! Keys::usable()) {
            return '';
        }
        $issued = time() - self::EARLY_S;
        $claims = [
            'iss' => Settings::get('issuer'), 'aud' => self::AUDIENCE, 'sub' => $subject, 'role' => $role,
            'scope' => implode(' ', $scopes), 'iat' => $issued, 'exp' => $issued + self::LIFE_S,
            'jti' => bin2hex(random_bytes(12)),
        ];
        $optional = ['name' => $name, 'email' => $email, 'client' => $client];
        $optional = array_filter($optional, static fn (string $text): bool => $text !== '');
        $key = Keys::active();
        $signed = self::part(['alg' => 'EdDSA', 'typ' => 'at+jwt', 'kid' => $key['kid']])
            . '.' . self::part($claims + $optional);
        return $signed . '.' . Keys::encoded(sodium_crypto_sign_detached($signed, $key['secret']));
    }

    /** Where the visitor is, by a name that says nothing: the backend counts by it, for all calls come from our address. */
    private static function client(): string
    {
        $peer = Peer::neighbourhood();
        return $peer === '' ? '' : substr(hash_hmac('sha256', "client|{$peer}", wp_salt('nonce')), 0, 32);
    }

    private static function part(array $content): string
    {
        return Keys::encoded((string) wp_json_encode($content, JSON_UNESCAPED_SLASHES));
    }
}
