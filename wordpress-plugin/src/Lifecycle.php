<?php

declare(strict_types=1);

namespace AIGuy\Chat;

use AIGuy\Chat\Integrations\Knowledge;

if (! defined('ABSPATH')) {
    exit;
}

/**
 * What happens when the plugin comes, when its staff change, and when it is switched off. `uninstall.php` does the rest.
 */
final class Lifecycle
{
    /** Who has it may see and decide what waits for staff. */
    public const CAPABILITY = 'aiguy_decide_approvals';

    /** The capability follows the setting of the roles; a new site of a network gets what the others have. */
    public function register(): void
    {
        add_filter('user_has_cap', [self::class, 'grant'], 10, 4);
        add_action('wp_initialize_site', [self::class, 'begin_site'], 100);
        add_action('delete_expired_transients', [Lock::class, 'sweep']);
    }

    /** WordPress activates the plugin, on one site or on all sites of a network. */
    public static function activate(bool $network_wide = false): void
    {
        self::on_sites($network_wide, static function (): void {
            Keys::ensure();
            self::take_stored();
            Knowledge::resume();
        });
    }

    /** WordPress switches the plugin off: nothing of it runs by itself, nothing is lost. */
    public static function deactivate(bool $network_wide = false): void
    {
        self::on_sites($network_wide, static function (): void {
            Knowledge::pause();
            foreach (self::scheduled() as $hook) {
                wp_unschedule_hook($hook);
            }
        });
    }

    /** A new site of a network where the plugin is active everywhere. */
    public static function begin_site(\WP_Site $site): void
    {
        require_once ABSPATH . 'wp-admin/includes/plugin.php';
        if (is_plugin_active_for_network(plugin_basename(Plugin::file()))) {
            switch_to_blog((int) $site->blog_id);
            self::activate();
            restore_current_blog();
        }
    }

    /**
     * Exactly the roles of the setting may decide. Nothing of it is stored: wp-config.php may say otherwise with the next
     * request, and roles come and go.
     *
     * @param array<string, bool> $granted What the user may by their roles.
     * @param string[]            $wanted  What is asked for.
     */
    public static function grant(array $granted, array $wanted, array $arguments, \WP_User $user): array
    {
        if (in_array(self::CAPABILITY, $wanted, true)) {
            $granted[self::CAPABILITY] = [] !== array_intersect($user->roles, Settings::get('staff_roles'));
        }
        return $granted;
    }

    private static function take_stored(): void
    {
        foreach (array_keys(wp_roles()->roles) as $name) {
            $role = get_role($name);
            if ($role->has_cap(self::CAPABILITY)) {
                $role->remove_cap(self::CAPABILITY);
            }
        }
    }

    /** @return list<string> The hooks of ours that WordPress is to run later. */
    private static function scheduled(): array
    {
        $hooks = [];
        foreach ((array) _get_cron_array() as $events) {
            foreach (array_keys((array) $events) as $hook) {
                if (str_starts_with((string) $hook, 'aiguy_')) {
                    $hooks[$hook] = true;
                }
            }
        }
        return array_keys($hooks);
    }

    private static function on_sites(bool $network_wide, callable $work): void
    {
        if (! $network_wide || ! is_multisite()) {
            $work();
            return;
        }
        foreach (get_sites(['fields' => 'ids', 'number' => 0]) as $site) {
            switch_to_blog((int) $site);
            $work();
            restore_current_blog();
        }
    }
}
