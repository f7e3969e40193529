<?php

declare(strict_types=1);

namespace AIGuy\Chat;

if (! defined('ABSPATH')) {
    exit;
}

/**
 * The Ed25519 keys of the site. One signs; the next is published before it signs, so that no cache of the key list makes
 * a stranger of it; those before are published until no token of theirs can live.
 *
 * `AIGUY_SIGNING_KEY` of wp-config.php, the base64 of a 32 byte seed, takes the place of the stored keys. It may name
 * several, separated by commas: the first signs, the others are only published.
 */
final class Keys
{
    public const OPTION = 'aiguy_keys';
    public const CONSTANT = 'AIGUY_SIGNING_KEY';

    /** Life of a token, and how long a key list may be cached: seconds. */
    private const RETIRED_S = 900;

    /** Makes the keys when there are none yet. */
    public static function ensure(): void
    {
        if (! defined(self::CONSTANT) && self::stored() === null) {
            self::store(self::fresh());
        }
    }

    /**
     * The key that signs: `kid` its id, `secret` the 64 byte secret key and `public` the 32 byte public key of libsodium.
     *
     * @return array{kid: string, secret: string, public: string}
     * @throws \RuntimeException When AIGUY_SIGNING_KEY is no key; the message is for the site's owner.
     */
    public static function active(): array
    {
        return self::key_of(self::seeds()[0]);
    }

    /** Why there is no key that signs, in words for the site's owner: what wp-config.php says may be none. Else ''. */
    public static function trouble(): string
    {
        try {
            self::active();
            return '';
        } catch (\RuntimeException $error) {
            return $error->getMessage();
        }
    }

    /** Whether there is a key that signs. */
    public static function usable(): bool
    {
        return self::trouble() === '';
    }

    /** The id of the key that signs, or why there is none. */
    public static function shown(): string
    {
        return self::usable() ? self::active()['kid'] : self::trouble();
    }

    /** The next key signs from here on. False when wp-config.php fixes the key: it is rotated there. */
    public static function rotate(): bool
    {
        if (defined(self::CONSTANT)) {
            return false;
        }
        self::ensure();
        $keys = self::stored();
        $retired = ['x' => self::encoded(self::active()['public']), 'until' => time() + self::RETIRED_S];
        self::store([
            'active' => $keys['next'],
            'next' => self::fresh_seed(),
            'previous' => [...self::living($keys['previous']), $retired],
        ]);
        return true;
    }

    /**
     * New keys take the place of all: somebody may have seen the stored ones, and the next is stored beside the one that
     * signs. False when wp-config.php fixes the key.
     */
    public static function replace(): bool
    {
        if (defined(self::CONSTANT)) {
            return false;
        }
        self::store(self::fresh());
        return true;
    }

    /**
     * The public keys as a JWKS document.
     *
     * @return array{keys: list<array<string, string>>}
     */
    public static function jwks(): array
    {
        $public = array_map(static fn (string $seed): string => self::key_of($seed)['public'], self::seeds());
        $stored = defined(self::CONSTANT) ? null : self::stored();
        foreach (self::living($stored['previous'] ?? []) as $retired) {
            $public[] = self::decoded($retired['x']);
        }
        return ['keys' => array_map([self::class, 'jwk'], $public)];
    }

    /** Base64url without padding. */
    public static function encoded(string $raw): string
    {
        return rtrim(strtr(base64_encode($raw), '+/', '-_'), '=');
    }

    private static function decoded(string $text): string
    {
        return (string) base64_decode(strtr($text, '-_', '+/'), true);
    }

    private static function jwk(string $public): array
    {
        $kid = self::kid_of($public);
        return ['kty' => 'OKP', 'crv' => 'Ed25519', 'use' => 'sig', 'alg' => 'EdDSA', 'kid' => $kid,
            'x' => self::encoded($public)];
    }

    /** The thumbprint of RFC 7638: the same key has the same id wherever it is loaded. */
    private static function kid_of(string $public): string
    {
        $members = '{"crv":"Ed25519","kty":"OKP","x":"' . self::encoded($public) . '"}';
        return self::encoded(hash('sha256', $members, true));
    }

    private static function key_of(string $seed): array
    {
        $pair = sodium_crypto_sign_seed_keypair($seed);
        $public = sodium_crypto_sign_publickey($pair);
        return ['kid' => self::kid_of($public), 'secret' => sodium_crypto_sign_secretkey($pair), 'public' => $public];
    }

    /** @return non-empty-list<string> The seeds, the one that signs first. */
    private static function seeds(): array
    {
        if (defined(self::CONSTANT)) {
            $named = array_map('trim', explode(',', (string) constant(self::CONSTANT)));
            $named = array_values(array_filter($named, static fn (string $one): bool => $one !== ''));
            return array_map([self::class, 'seed_of'], $named === [] ? [''] : $named);
        }
        self::ensure();
        $keys = self::stored();
        return [self::seed_of($keys['active']), self::seed_of($keys['next'])];
    }

    private static function seed_of(string $text): string
    {
        $seed = self::decoded(rtrim($text, '='));
        if (strlen($seed) !== SODIUM_CRYPTO_SIGN_SEEDBYTES) {
            /* translators: %s: the name of a PHP constant */
            $text = __('%s in wp-config.php is no key: it has to be the base64 of 32 bytes.', 'aiguy-chat');
            throw new \RuntimeException(sprintf($text, self::CONSTANT));
        }
        return $seed;
    }

    private static function fresh(): array
    {
        return ['active' => self::fresh_seed(), 'next' => self::fresh_seed(), 'previous' => []];
    }

    private static function fresh_seed(): string
    {
        return self::encoded(random_bytes(SODIUM_CRYPTO_SIGN_SEEDBYTES));
    }

    private static function living(array $retired): array
    {
        return array_values(array_filter($retired, static fn (array $one): bool => $one['until'] > time()));
    }

    private static function stored(): ?array
    {
        $keys = get_option(self::OPTION);
        return is_array($keys) && isset($keys['active'], $keys['next'], $keys['previous']) ? $keys : null;
    }

    private static function store(array $keys): void
    {
        update_option(self::OPTION, $keys, false);
    }
}
