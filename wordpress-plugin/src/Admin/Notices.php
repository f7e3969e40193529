<?php

declare(strict_types=1);

namespace AIGuy\Chat\Admin;

use AIGuy\Chat\Integrations\TicketEvent;
use AIGuy\Chat\Integrations\TicketNotices;
use AIGuy\Chat\Lifecycle;

if (! defined('ABSPATH')) {
    exit;
}

/**
 * Ticket events as one notice in the admin area, for staff; each person puts them away for themselves.
 */
final class Notices
{
    private const ACTION = 'aiguy_dismiss_notices';
    private const DISMISSED = 'aiguy_dismissed_notices';
    private const SHOWN = 5;

    /** Adds the hooks. */
    public function register(): void
    {
        add_action('admin_notices', [$this, 'show']);
        add_action('admin_post_' . self::ACTION, [$this, 'dismiss']);
    }

    /** The newest events that this person has not put away. */
    public function show(): void
    {
        $notices = current_user_can(Lifecycle::CAPABILITY) ? self::open() : [];
        if ([] === $notices) {
            return;
        }
        echo '<div class="notice notice-warning aiguy-notice"><h2>' . esc_html__('Tickets', 'aiguy-chat') . '</h2><ul>';
        foreach (array_slice($notices, 0, self::SHOWN) as $notice) {
            self::show_one($notice);
        }
        echo '</ul>';
        $more = count($notices) - self::SHOWN;
        if ($more > 0) {
            /* translators: %s: a number */
            $text = sprintf(_n('and %s more', 'and %s more', $more, 'aiguy-chat'), number_format_i18n($more));
            echo '<p>' . esc_html($text) . '</p>';
        }
        echo '<form method="post" action="' . esc_url(admin_url('admin-post.php')) . '"><p>';
        echo '<input type="hidden" name="action" value="' . esc_attr(self::ACTION) . '">';
        wp_nonce_field(self::ACTION);
        submit_button(__('Put away', 'aiguy-chat'), 'secondary small', 'submit', false);
        echo '</p></form></div>';
    }

    /** Puts away what there is, for the person who asks. */
    public function dismiss(): void
    {
        check_admin_referer(self::ACTION);
        if (! current_user_can(Lifecycle::CAPABILITY)) {
            wp_die(esc_html__('You may not do this.', 'aiguy-chat'), '', ['response' => 403]);
        }
        update_user_meta(get_current_user_id(), self::meta(), array_column(TicketNotices::all(), 'id'));
        $back = wp_get_referer();
        wp_safe_redirect(false === $back ? admin_url() : $back);
        exit;
    }

    /** Users are the same on all sites of a network; tickets are not. */
    private static function meta(): string
    {
        return self::DISMISSED . '_' . get_current_blog_id();
    }

    private static function open(): array
    {
        $dismissed = (array) get_user_meta(get_current_user_id(), self::meta(), true);
        $is_open = static fn (array $notice): bool => ! in_array($notice['id'], $dismissed, true);
        return array_values(array_filter(TicketNotices::all(), $is_open));
    }

    private static function show_one(array $notice): void
    {
        $event = TicketEvent::of($notice['id'], $notice);
        if (null === $event) {
            return;
        }
        echo '<li><strong>' . esc_html($event->sentence()) . '</strong> ' . esc_html(implode(' · ', $event->facts()));
        /* translators: %s: a time such as "5 minutes" */
        echo ' · <span>' . esc_html(sprintf(__('%s ago', 'aiguy-chat'), human_time_diff($notice['at']))) . '</span>';
        if (! $notice['mailed']) {
            echo ' <em>' . esc_html__('The e-mail about it could not be sent.', 'aiguy-chat') . '</em>';
        }
        echo '</li>';
    }
}
