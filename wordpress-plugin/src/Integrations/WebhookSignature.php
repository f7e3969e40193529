<?php

declare(strict_types=1);

namespace AIGuy\Chat\Integrations;

if (! defined('ABSPATH')) {
    exit;
}

/**
 * Signatures as the Standard Webhooks specification has them: HMAC-SHA256 over "id.timestamp.body".
 */
final class WebhookSignature
{
    /** How far the sender's clock may be off: seconds. */
    public const TOLERANCE_S = 300;

    private const MOST_SIGNATURES = 10;

    /**
     * Whether one of the signatures was made with one of the secrets, just now.
     *
     * @param string $secrets    `whsec_<base64>`; while secrets are exchanged several, separated by blanks.
     * @param string $signatures The header: `v1,<base64>`, several separated by blanks.
     */
    public static function holds(
        string $secrets,
        string $id,
        string $timestamp,
        string $signatures,
        string $body,
        int $now
    ): bool {
        if (! preg_match('/^[\x21-\x7e]{1,256}$/D', $id) || ! preg_match('/^\d{1,12}$/D', $timestamp)) {
            return false;
        }
        if (abs($now - (int) $timestamp) > self::TOLERANCE_S) {
            return false;
        }
        $given = array_slice(explode(' ', $signatures), 0, self::MOST_SIGNATURES);
        $holds = false;
        foreach (self::keys($secrets) as $key) {
            $expected = 'v1,' . base64_encode(hash_hmac('sha256', "$id.$timestamp.$body", $key, true));
            foreach ($given as $signature) {
                $holds = hash_equals($expected, $signature) || $holds;
            }
        }
        return $holds;
    }

    /** Whether this can be a secret: `whsec_` and the base64 of 24 bytes at least, or several of them. */
    public static function is_secret(string $secrets): bool
    {
        $parts = preg_split('/\s+/', trim($secrets), -1, PREG_SPLIT_NO_EMPTY);
        return [] !== $parts && count($parts) === count(self::keys($secrets));
    }

    /** @return list<string> */
    private static function keys(string $secrets): array
    {
        $keys = [];
        foreach (preg_split('/\s+/', $secrets, -1, PREG_SPLIT_NO_EMPTY) as $secret) {
            $key = str_starts_with($secret, 'whsec_') ? base64_decode(substr($secret, 6), true) : false;
            if (is_string($key) && strlen($key) >= 24) {
                $keys[] = $key;
            }
        }
        return $keys;
    }
}
