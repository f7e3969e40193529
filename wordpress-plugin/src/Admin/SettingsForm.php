<?php

declare(strict_types=1);

namespace AIGuy\Chat\Admin;

use AIGuy\Chat\Settings;

if (! defined('ABSPATH')) {
    exit;
}

/**
 * The fields of the settings page as HTML. A secret is never in it.
 */
final class SettingsForm
{
    /** One field with its help; read-only when wp-config.php fixes it. */
    public static function show(string $name, array $field): void
    {
        $id = "aiguy-$name";
        $fixed = Settings::is_fixed($name);
        match ($field['kind']) {
            'yes' => self::yes($name, $id, $fixed, $field),
            'one' => self::one($name, $id, $fixed, $field['choices']),
            'some' => self::some($name, $id, $fixed, $field),
            'secret' => self::secret($name, $id, $fixed),
            'lines' => printf(
                '<textarea id="%s" name="%s" rows="3" maxlength="1000" class="large-text" aria-describedby="%s-help"%s>%s</textarea>',
                esc_attr($id),
                esc_attr(self::input($name)),
                esc_attr($id),
                $fixed ? ' readonly' : '',
                esc_textarea((string) self::entered($name))
            ),
            default => self::line($name, $id, $fixed, $field['kind']),
        };
        printf('<p class="description" id="%s-help">%s</p>', esc_attr($id), esc_html($field['help']));
        if ($fixed) {
            /* translators: %s: the name of a PHP constant */
            $text = sprintf(__('Fixed by %s in wp-config.php.', 'aiguy-chat'), Settings::constant_of($name));
            printf('<p class="description"><strong>%s</strong></p>', esc_html($text));
        }
    }

    private static function line(string $name, string $id, bool $fixed, string $kind): void
    {
        $types = ['url' => 'url', 'email' => 'email', 'percent' => 'number'];
        printf(
            '<input type="%s" id="%s" name="%s" value="%s" class="%s" aria-describedby="%s-help"%s%s>',
            esc_attr($types[$kind] ?? 'text'),
            esc_attr($id),
            esc_attr(self::input($name)),
            esc_attr((string) self::entered($name)),
            'percent' === $kind || 'color' === $kind ? 'small-text aiguy-' . esc_attr($kind) : 'regular-text',
            esc_attr($id),
            'percent' === $kind ? ' min="0" max="100"' : ' maxlength="500"',
            $fixed ? ' readonly' : ''
        );
    }

    private static function yes(string $name, string $id, bool $fixed, array $field): void
    {
        if (! $fixed) {
            printf('<input type="hidden" name="%s" value="0">', esc_attr(self::input($name)));
        }
        printf(
            '<label><input type="checkbox" id="%s" name="%s" value="1" aria-describedby="%s-help"%s%s> %s</label>',
            esc_attr($id),
            esc_attr(self::input($name)),
            esc_attr($id),
            checked((bool) Settings::get($name), true, false),
            disabled($fixed, true, false),
            esc_html($field['label'])
        );
    }

    private static function one(string $name, string $id, bool $fixed, array $choices): void
    {
        printf(
            '<select id="%s" name="%s" aria-describedby="%s-help"%s>',
            esc_attr($id),
            esc_attr(self::input($name)),
            esc_attr($id),
            disabled($fixed, true, false)
        );
        foreach ($choices as $value => $label) {
            $selected = selected(Settings::get($name), $value, false);
            printf('<option value="%s"%s>%s</option>', esc_attr((string) $value), $selected, esc_html($label));
        }
        echo '</select>';
    }

    private static function some(string $name, string $id, bool $fixed, array $field): void
    {
        printf('<fieldset><legend class="screen-reader-text">%s</legend>', esc_html($field['label']));
        if (! $fixed) {
            printf('<input type="hidden" name="%s[]" value="">', esc_attr(self::input($name)));
        }
        foreach ($field['choices'] as $value => $label) {
            printf(
                '<label><input type="checkbox" id="%s" name="%s[]" value="%s"%s%s> %s</label><br>',
                esc_attr("$id-$value"),
                esc_attr(self::input($name)),
                esc_attr((string) $value),
                checked(in_array($value, (array) Settings::get($name), true), true, false),
                disabled($fixed, true, false),
                esc_html($label)
            );
        }
        echo '</fieldset>';
    }

    private static function secret(string $name, string $id, bool $fixed): void
    {
        $is_set = '' !== Settings::get($name);
        printf(
            '<p><strong>%s</strong></p>',
            $is_set ? esc_html__('A secret is set.', 'aiguy-chat') : esc_html__('No secret is set.', 'aiguy-chat')
        );
        if ($fixed) {
            return;
        }
        printf(
            '<input type="password" id="%s" name="%s" value="" class="regular-text" autocomplete="new-password" placeholder="%s"'
            . ' aria-describedby="%s-help">',
            esc_attr($id),
            esc_attr(self::input($name)),
            $is_set ? esc_attr__('Enter a new one to replace it', 'aiguy-chat') : 'whsec_…',
            esc_attr($id)
        );
        if ($is_set) {
            printf(
                ' <label><input type="checkbox" name="%s" value="1"> %s</label>',
                esc_attr(self::input(SettingsInput::REMOVE_SECRET)),
                esc_html__('Remove it', 'aiguy-chat')
            );
        }
    }

    private static function input(string $name): string
    {
        return Settings::OPTION . "[$name]";
    }

    /** What was entered, where the settings have another value for an empty one. */
    private static function entered(string $name): mixed
    {
        $stored = get_option(Settings::OPTION, []);
        $is_derived = in_array($name, ['issuer', 'public_url', 'contact_email'], true) && ! Settings::is_fixed($name);
        return $is_derived ? (is_array($stored) ? $stored[$name] ?? '' : '') : Settings::get($name);
    }
}
