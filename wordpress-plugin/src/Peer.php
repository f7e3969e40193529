<?php

declare(strict_types=1);

namespace AIGuy\Chat;

if (! defined('ABSPATH')) {
    exit;
}

/**
 * Where a request comes from. What proxies say in headers counts only when wp-config.php names the proxy: anybody can write
 * such headers.
 */
final class Peer
{
    /** Addresses and ranges (`203.0.113.0/24`, `2001:db8::/32`) of proxies of the site's own, separated by commas. */
    public const CONSTANT = 'AIGUY_TRUSTED_PROXIES';

    private const TELLING = ['HTTP_X_FORWARDED_FOR', 'HTTP_CF_CONNECTING_IP'];

    /** The visitor's address, or ''. The filter `aiguy_client_address` has the last word. */
    public static function address(): string
    {
        $address = self::direct();
        // Each proxy adds who called it at the end: from there back to the first that is none of ours.
        $named = array_reverse(array_map('trim', explode(',', self::header('HTTP_X_FORWARDED_FOR'))));
        while (self::is_trusted($address) && self::valid((string) current($named)) !== '') {
            $address = self::valid((string) current($named));
            next($named);
        }
        return self::valid((string) apply_filters('aiguy_client_address', $address));
    }

    /** Whose address counts as one when something is counted: an IPv6 network of 64 bits belongs to one household. */
    public static function neighbourhood(): string
    {
        $address = self::address();
        if (! str_contains($address, ':')) {
            return $address;
        }
        $packed = (string) inet_pton($address);
        if (str_starts_with($packed, str_repeat("\0", 10) . "\xff\xff")) {
            return (string) inet_ntop(substr($packed, 12));
        }
        return inet_ntop(substr($packed, 0, 8) . str_repeat("\0", 8)) . '/64';
    }

    /** Whether a proxy stands before this site of which we know nothing: then all visitors have one address. */
    public static function is_hidden(): bool
    {
        $told = array_filter(self::TELLING, static fn (string $name): bool => self::header($name) !== '');
        return $told !== [] && self::address() === self::direct();
    }

    private static function direct(): string
    {
        return self::valid(self::header('REMOTE_ADDR'));
    }

    private static function header(string $name): string
    {
        return sanitize_text_field(wp_unslash($_SERVER[$name] ?? ''));
    }

    private static function valid(string $address): string
    {
        return (string) filter_var($address, FILTER_VALIDATE_IP);
    }

    private static function is_trusted(string $address): bool
    {
        $ranges = defined(self::CONSTANT) ? explode(',', (string) constant(self::CONSTANT)) : [];
        foreach ($ranges as $range) {
            if (self::is_in($address, trim($range))) {
                return true;
            }
        }
        return false;
    }

    private static function is_in(string $address, string $range): bool
    {
        [$network, $bits] = [...explode('/', $range, 2), ''];
        if (self::valid($address) === '' || self::valid($network) === '') {
            return false;
        }
        [$one, $other] = [(string) inet_pton($address), (string) inet_pton($network)];
        $length = ctype_digit($bits) ? (int) $bits : 8 * strlen($other);
        if (strlen($one) !== strlen($other) || $length > 8 * strlen($other)) {
            return false;
        }
        $mask = str_pad(str_repeat("\xff", intdiv($length, 8)) . chr(0xff00 >> $length % 8 & 0xff), strlen($other), "\0");
        $mask = substr($mask, 0, strlen($other));
        return ($one & $mask) === ($other & $mask);
    }
}
