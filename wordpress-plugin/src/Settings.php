<?php

declare(strict_types=1);

namespace AIGuy\Chat;

if (! defined('ABSPATH')) {
    exit;
}

/**
 * What the shop's owner has set: one option, and constants of wp-config.php that win over it.
 */
final class Settings
{
    public const OPTION = 'aiguy_settings';

    /** Every setting with the value that it has when nobody set it; its type is the type of the setting. */
    public const DEFAULTS = [
        'backend_url' => '',
        'public_url' => '',
        'issuer' => '',
        'mode' => 'proxy',
        'placement_floating' => false,
        'title' => '',
        'greeting' => '',
        'accent' => '',
        'position' => 'right',
        'theme' => 'light',
        'contact_email' => '',
        'ab_share' => 100,
        'push_knowledge' => false,
        'knowledge_types' => ['post', 'page'],
        'webhook_secret' => '',
        'delete_on_uninstall' => true,
        'staff_roles' => ['administrator', 'shop_manager'],
    ];

    public const MODES = ['proxy', 'direct', 'poll'];
    /** A shop's page is light unless its owner says otherwise; `auto` is what the visitor's device prefers. */
    public const THEMES = ['light', 'dark', 'auto'];

    /**
     * The value of a setting, of the type that it has in DEFAULTS.
     *
     * @throws \InvalidArgumentException For a name that is no setting.
     */
    public static function get(string $name): mixed
    {
        if (! array_key_exists($name, self::DEFAULTS)) {
            throw new \InvalidArgumentException('There is no such setting.');
        }
        return self::all()[$name];
    }

    /** All settings by name. */
    public static function all(): array
    {
        $stored = get_option(self::OPTION, []);
        $stored = is_array($stored) ? $stored : [];
        $found = [];
        foreach (self::DEFAULTS as $name => $default) {
            $given = self::is_fixed($name) ? constant(self::constant_of($name)) : ($stored[$name] ?? $default);
            $found[$name] = self::typed($name, $given, $default);
        }
        // home_url() follows the scheme of the request and language plugins; the name of an issuer never varies.
        $found['issuer'] = $found['issuer'] !== '' ? $found['issuer'] : untrailingslashit((string) get_option('home'));
        $found['public_url'] = $found['public_url'] !== '' ? $found['public_url'] : $found['backend_url'];
        $email = (string) get_option('admin_email', '');
        $found['contact_email'] = $found['contact_email'] !== '' ? $found['contact_email'] : $email;
        return $found;
    }

    /** Others may have changed the settings since they were read here; they are read anew. */
    public static function read_anew(): void
    {
        foreach (['alloptions', 'notoptions', self::OPTION] as $name) {
            wp_cache_delete($name, 'options');
        }
    }

    /** Whether wp-config.php fixes this setting. */
    public static function is_fixed(string $name): bool
    {
        return defined(self::constant_of($name));
    }

    /** The constant that wins over the setting: `backend_url` is `AIGUY_BACKEND_URL`. */
    public static function constant_of(string $name): string
    {
        return 'AIGUY_' . strtoupper($name);
    }

    /** Whether there is a backend to talk to. */
    public static function is_complete(): bool
    {
        return self::get('backend_url') !== '';
    }

    private static function typed(string $name, mixed $given, mixed $default): mixed
    {
        $value = match (true) {
            is_bool($default) => filter_var($given, FILTER_VALIDATE_BOOLEAN),
            is_int($default) => is_numeric($given) ? (int) $given : $default,
            is_array($default) => is_array($given) ? array_values(array_filter($given, 'is_string')) : $default,
            default => is_scalar($given) ? trim((string) $given) : $default,
        };
        return match ($name) {
            'ab_share' => max(0, min(100, $value)),
            'mode' => in_array($value, self::MODES, true) ? $value : $default,
            'theme' => in_array($value, self::THEMES, true) ? $value : $default,
            'position' => $value === 'left' ? 'left' : 'right',
            'backend_url', 'public_url' => self::base_url($value),
            'contact_email' => is_email($value) ? $value : '',
            default => $value,
        };
    }

    /** An http(s) address without query, fragment, password and trailing slash; anything else is no address. */
    private static function base_url(string $given): string
    {
        $parts = wp_parse_url($given);
        $usable = is_array($parts) && in_array($parts['scheme'] ?? '', ['http', 'https'], true)
            && ($parts['host'] ?? '') !== '' && ! isset($parts['query']) && ! isset($parts['fragment'])
            && ! isset($parts['user']) && ! preg_match('/[\s\x00-\x1f]/', $given);
        return $usable ? rtrim($given, '/') : '';
    }
}
