<?php

declare(strict_types=1);

namespace AIGuy\Chat\Admin;

use AIGuy\Chat\Integrations\WebhookSignature;
use AIGuy\Chat\Settings;

if (! defined('ABSPATH')) {
    exit;
}

/**
 * What an administrator has entered, checked. A value that cannot be is refused in words, and the one before stays.
 */
final class SettingsInput
{
    private const LONGEST = 500;
    private const LONGEST_LINES = 1000;
    /** A field of the form that is no setting. */
    public const REMOVE_SECRET = 'webhook_secret_remove';

    /**
     * The settings as they are to be stored. What is missing from `$given` stays as it is; unknown names are left out.
     */
    public static function checked(mixed $given): array
    {
        $stored = get_option(Settings::OPTION, []);
        $stored = is_array($stored) ? $stored : [];
        $result = array_intersect_key($stored, Settings::DEFAULTS);
        foreach (SettingsFields::all() as $name => $field) {
            if (! is_array($given) || ! array_key_exists($name, $given) || Settings::is_fixed($name)) {
                continue;
            }
            $value = self::value($field, $given[$name]);
            if (null !== $value) {
                $result[$name] = $value;
                continue;
            }
            /* translators: %s: the label of a field */
            $text = sprintf(__('“%s” was not changed: what you entered cannot be used.', 'aiguy-chat'), $field['label']);
            add_settings_error(Settings::OPTION, "aiguy_$name", $text);
        }
        return self::with_secret($result, $stored, is_array($given) ? $given : []);
    }

    /** An empty secret field keeps what is there: the page never shows it. */
    private static function with_secret(array $result, array $stored, array $given): array
    {
        if (! empty($given[self::REMOVE_SECRET])) {
            $result['webhook_secret'] = '';
        } elseif ('' === ($result['webhook_secret'] ?? '') && isset($stored['webhook_secret'])) {
            $result['webhook_secret'] = $stored['webhook_secret'];
        }
        return $result;
    }

    /** The value to store; null when it cannot be used. */
    private static function value(array $field, mixed $given): mixed
    {
        if ('some' === $field['kind']) {
            $chosen = is_array($given) ? array_filter($given, 'is_string') : [];
            return array_values(array_intersect(array_keys($field['choices']), $chosen));
        }
        if (! is_scalar($given)) {
            return null;
        }
        $text = trim((string) $given);
        return match ($field['kind']) {
            'yes' => filter_var($given, FILTER_VALIDATE_BOOLEAN),
            'one' => isset($field['choices'][$text]) ? $text : null,
            'percent' => ctype_digit($text) && (int) $text <= 100 ? (int) $text : null,
            'url' => self::url($text),
            'email' => '' === $text || is_email($text) ? $text : null,
            'color' => '' === $text ? '' : sanitize_hex_color($text),
            'secret' => '' === $text || WebhookSignature::is_secret($text) ? $text : null,
            'lines' => mb_substr(sanitize_textarea_field($text), 0, self::LONGEST_LINES),
            default => mb_substr(sanitize_text_field($text), 0, self::LONGEST),
        };
    }

    private static function url(string $text): ?string
    {
        if ('' === $text) {
            return '';
        }
        $parts = wp_parse_url($text);
        $usable = strlen($text) <= self::LONGEST && is_array($parts) && isset($parts['host'])
            && in_array($parts['scheme'] ?? '', ['http', 'https'], true)
            && ! isset($parts['user']) && ! isset($parts['query']) && ! isset($parts['fragment'])
            && sanitize_url($text, ['http', 'https']) === $text;
        return $usable ? untrailingslashit($text) : null;
    }
}
