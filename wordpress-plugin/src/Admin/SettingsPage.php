<?php

declare(strict_types=1);

namespace AIGuy\Chat\Admin;

use AIGuy\Chat\Plugin;
use AIGuy\Chat\Settings;

if (! defined('ABSPATH')) {
    exit;
}

/**
 * Settings, AIGuy Chat: section by section the fields, and what shows whether they work. What few need comes last.
 */
final class SettingsPage
{
    public const SLUG = 'aiguy-chat';

    private const GROUP = 'aiguy_settings_group';
    private const CAPABILITY = 'manage_options';

    /** Adds the hooks. */
    public function register(): void
    {
        add_action('admin_menu', [$this, 'add_page']);
        add_action('admin_init', [$this, 'add_fields']);
        add_action('admin_enqueue_scripts', [$this, 'enqueue']);
        add_filter('plugin_action_links_' . plugin_basename(Plugin::file()), [$this, 'add_link']);
    }

    /** The page's address. */
    public static function url(): string
    {
        return admin_url('options-general.php?page=' . self::SLUG);
    }

    /** The entry below Settings. */
    public function add_page(): void
    {
        $title = __('AIGuy Chat', 'aiguy-chat');
        add_options_page($title, $title, self::CAPABILITY, self::SLUG, [$this, 'show']);
    }

    /** The link in the list of plugins. */
    public function add_link(array $links): array
    {
        $link = sprintf('<a href="%s">%s</a>', esc_url(self::url()), esc_html__('Settings', 'aiguy-chat'));
        return ['settings' => $link] + $links;
    }

    /** The option with its check, and the fields. */
    public function add_fields(): void
    {
        register_setting(self::GROUP, Settings::OPTION, [
            'type' => 'object', 'sanitize_callback' => [SettingsInput::class, 'checked'], 'show_in_rest' => false,
        ]);
        foreach (SettingsFields::all() as $name => $field) {
            $has_own_label = in_array($field['kind'], ['yes', 'some'], true) || Settings::is_fixed($name);
            add_settings_field(
                "aiguy_$name",
                esc_html($field['label']),
                static fn () => SettingsForm::show($name, $field),
                self::SLUG,
                "aiguy_{$field['section']}",
                $has_own_label ? [] : ['label_for' => "aiguy-$name"]
            );
        }
    }

    /** Script and style of this page. */
    public function enqueue(string $page): void
    {
        if ('settings_page_' . self::SLUG !== $page) {
            return;
        }
        wp_enqueue_style('aiguy-admin', Plugin::url('assets/admin.css'), [], Plugin::VERSION);
        wp_enqueue_script(
            'aiguy-settings',
            Plugin::url('assets/settings.js'),
            ['wp-api-fetch'],
            Plugin::VERSION,
            ['in_footer' => true, 'strategy' => 'defer']
        );
    }

    /** The page. */
    public function show(): void
    {
        if (! current_user_can(self::CAPABILITY)) {
            return;
        }
        echo '<div class="wrap aiguy-settings"><h1>' . esc_html(get_admin_page_title()) . '</h1>';
        echo '<form method="post" action="' . esc_url(admin_url('options.php')) . '">';
        settings_fields(self::GROUP);
        foreach (SettingsFields::sections() as $section => $title) {
            printf('<h2>%s</h2><table class="form-table" role="presentation">', esc_html($title));
            do_settings_fields(self::SLUG, "aiguy_$section");
            echo '</table>';
            SettingsPanels::of($section);
        }
        submit_button();
        echo '</form></div>';
    }
}
