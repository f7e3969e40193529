<?php

declare(strict_types=1);

namespace AIGuy\Chat;

if (! defined('ABSPATH')) {
    exit;
}

/**
 * A guest's random number, in a cookie that no script reads and that is signed: nobody can name another guest's.
 */
final class Guest
{
    private const COOKIE = 'aiguy_guest';
    private const LIFE_S = 30 * DAY_IN_SECONDS;

    /** What a guest wrote is not for the person who logs in, nor for whoever comes after them. */
    public function register(): void
    {
        add_action('wp_login', [self::class, 'forget']);
        add_action('wp_logout', [self::class, 'forget']);
    }

    /** The number of 32 hex digits in this request's cookie; null without a cookie of ours. */
    public static function id(): ?string
    {
        $cookie = sanitize_text_field(wp_unslash($_COOKIE[self::cookie()] ?? ''));
        [$id, $signature] = [...explode('.', $cookie, 2), ''];
        return preg_match('/^[0-9a-f]{32}$/D', $id) && hash_equals(self::signature($id), $signature) ? $id : null;
    }

    /** A number that nobody has. */
    public static function fresh_id(): string
    {
        return bin2hex(random_bytes(16));
    }

    /** Gives the number to the browser, for this request too. */
    public static function remember(string $id): void
    {
        $value = $id . '.' . self::signature($id);
        self::send(self::cookie(), $value, time() + self::LIFE_S);
        $_COOKIE[self::cookie()] = $value;
    }

    /** Takes the numbers from the browser, of all sites of a network: its users are the same on all of them. */
    public static function forget(): void
    {
        foreach (array_keys($_COOKIE) as $name) {
            if (preg_match('/^' . self::COOKIE . '(_\d+)?$/D', (string) $name)) {
                self::send((string) $name, '', time() - YEAR_IN_SECONDS);
                unset($_COOKIE[$name]);
            }
        }
    }

    /** The sites of a network share their cookies, and have guests of their own. */
    private static function cookie(): string
    {
        return is_multisite() ? self::COOKIE . '_' . get_current_blog_id() : self::COOKIE;
    }

    private static function signature(string $id): string
    {
        return hash_hmac('sha256', 'guest|' . get_current_blog_id() . '|' . $id, wp_salt('auth'));
    }

    private static function send(string $name, string $value, int $expires): void
    {
        if (headers_sent()) {
            return;
        }
        setcookie($name, $value, [
            'expires' => $expires, 'path' => COOKIEPATH !== '' ? COOKIEPATH : '/', 'domain' => (string) COOKIE_DOMAIN,
            'secure' => is_ssl(), 'httponly' => true, 'samesite' => 'Lax',
        ]);
    }
}
