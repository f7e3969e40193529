<?php

declare(strict_types=1);

namespace AIGuy\Chat\Rest;

if (! defined('ABSPATH')) {
    exit;
}

/**
 * Whether a request comes from a page of this very site. Browsers say so themselves, and no page can make them lie.
 */
final class Origin
{
    /**
     * True for pages of this site, and for callers that say nothing: those are no browsers that let another site read
     * the answer.
     */
    public static function is_ours(): bool
    {
        $fetch = sanitize_key(wp_unslash($_SERVER['HTTP_SEC_FETCH_SITE'] ?? ''));
        if ($fetch !== '') {
            return in_array($fetch, ['same-origin', 'none'], true);
        }
        if (! isset($_SERVER['HTTP_ORIGIN'])) {
            return true;
        }
        $origin = self::host_of(sanitize_text_field(wp_unslash($_SERVER['HTTP_ORIGIN'])));
        return $origin !== '' && in_array($origin, self::hosts(), true);
    }

    /** Whether the method is what was really sent, and the answer is for a script that may read it: see `Door`. */
    public static function is_plain(\WP_REST_Request $request): bool
    {
        $sent = sanitize_key(wp_unslash($_SERVER['REQUEST_METHOD'] ?? ''));
        // phpcs:ignore WordPress.Security.NonceVerification
        return strtoupper($sent) === $request->get_method() && ! isset($_GET['_jsonp']) && ! isset($_GET['_envelope']);
    }

    /** @return list<string> */
    private static function hosts(): array
    {
        $asked = strtolower(sanitize_text_field(wp_unslash($_SERVER['HTTP_HOST'] ?? '')));
        return array_values(array_filter([self::host_of(home_url()), self::host_of(site_url()), $asked]));
    }

    /** Host and port of an address; the port is left away where it is the usual one. */
    private static function host_of(string $url): string
    {
        $parts = wp_parse_url($url);
        if (! is_array($parts) || ! isset($parts['host'])) {
            return '';
        }
        $usual = ['http' => 80, 'https' => 443][$parts['scheme'] ?? ''] ?? null;
        $port = isset($parts['port']) && $parts['port'] !== $usual ? ':' . $parts['port'] : '';
        return strtolower($parts['host']) . $port;
    }
}
