<?php

/**
 * WordPress deletes the plugin: nothing of it stays, on no site of a network, unless the owner wants to keep it.
 *
 * Everything of ours has the prefix `aiguy_`: options, transients, cron events, user and post meta, the capability.
 */

declare(strict_types=1);

if (! defined('WP_UNINSTALL_PLUGIN')) {
    exit;
}

/** Whether the owner of the current site keeps settings and keys for later. */
function aiguy_uninstall_keeps(): bool
{
    $settings = (array) get_option('aiguy_settings', []);
    $fixed = defined('AIGUY_DELETE_ON_UNINSTALL') ? constant('AIGUY_DELETE_ON_UNINSTALL') : null;
    return ! filter_var($fixed ?? $settings['delete_on_uninstall'] ?? true, FILTER_VALIDATE_BOOLEAN);
}

/** Deletes the options of the current site that begin with one of our prefixes. */
function aiguy_uninstall_options(): void
{
    global $wpdb;
    $prefixes = ['aiguy_', '_transient_aiguy_', '_transient_timeout_aiguy_', '_site_transient_aiguy_',
        '_site_transient_timeout_aiguy_'];
    foreach ($prefixes as $prefix) {
        $like = $wpdb->esc_like($prefix) . '%';
        // phpcs:ignore WordPress.DB.DirectDatabaseQuery
        $names = $wpdb->get_col($wpdb->prepare("SELECT option_name FROM {$wpdb->options} WHERE option_name LIKE %s", $like));
        array_map('delete_option', $names);
    }
}

/** Deletes all of ours from the current site. */
function aiguy_uninstall_site(): void
{
    global $wpdb;
    foreach ((array) _get_cron_array() as $events) {
        foreach (array_keys((array) $events) as $hook) {
            if (str_starts_with((string) $hook, 'aiguy_')) {
                wp_unschedule_hook($hook);
            }
        }
    }
    foreach (array_keys(wp_roles()->roles) as $name) {
        get_role($name)->remove_cap('aiguy_decide_approvals');
    }
    $like = $wpdb->esc_like('_aiguy_') . '%';
    // phpcs:ignore WordPress.DB.DirectDatabaseQuery
    $wpdb->query($wpdb->prepare("DELETE FROM {$wpdb->postmeta} WHERE meta_key LIKE %s", $like));
    aiguy_uninstall_policy();
    aiguy_uninstall_options();
}

/** Deletes our part of what WordPress keeps beside the privacy page since somebody opened its guide. */
function aiguy_uninstall_policy(): void
{
    $page = (int) get_option('wp_page_for_privacy_policy');
    foreach ($page > 0 ? get_post_meta($page, '_wp_suggested_privacy_policy_content') : [] as $suggested) {
        // The name is translated, the cookie's is not.
        if (is_array($suggested) && str_contains((string) ($suggested['policy_text'] ?? ''), 'aiguy_guest')) {
            delete_post_meta($page, '_wp_suggested_privacy_policy_content', $suggested);
        }
    }
}

/** Deletes what is kept of users, who are the same on all sites of a network. */
function aiguy_uninstall_users(): void
{
    global $wpdb;
    foreach (['aiguy_', '_aiguy_', $wpdb->base_prefix . 'aiguy_'] as $prefix) {
        $like = $wpdb->esc_like($prefix) . '%';
        // phpcs:ignore WordPress.DB.DirectDatabaseQuery
        $wpdb->query($wpdb->prepare("DELETE FROM {$wpdb->usermeta} WHERE meta_key LIKE %s", $like));
    }
}

/** Deletes what is kept of the network itself. */
function aiguy_uninstall_network(): void
{
    global $wpdb;
    $like = $wpdb->esc_like('aiguy_') . '%';
    $transients = $wpdb->esc_like('_site_transient_') . '%' . $wpdb->esc_like('aiguy_') . '%';
    // phpcs:ignore WordPress.DB.DirectDatabaseQuery
    $wpdb->query($wpdb->prepare("DELETE FROM {$wpdb->sitemeta} WHERE meta_key LIKE %s OR meta_key LIKE %s", $like, $transients));
}

$kept = false;
foreach (is_multisite() ? get_sites(['fields' => 'ids', 'number' => 0]) : [get_current_blog_id()] as $site) {
    if (is_multisite()) {
        switch_to_blog((int) $site);
    }
    if (aiguy_uninstall_keeps()) {
        $kept = true;
    } else {
        aiguy_uninstall_site();
    }
    if (is_multisite()) {
        restore_current_blog();
    }
}
if (! $kept) {
    aiguy_uninstall_users();
    if (is_multisite()) {
        aiguy_uninstall_network();
    }
}
wp_cache_flush();
