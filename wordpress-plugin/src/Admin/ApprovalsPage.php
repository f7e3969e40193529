<?php

declare(strict_types=1);

namespace AIGuy\Chat\Admin;

use AIGuy\Chat\Lifecycle;
use AIGuy\Chat\Plugin;
use AIGuy\Chat\Settings;

if (! defined('ABSPATH')) {
    exit;
}

/**
 * The page where staff approve or deny what the assistant may not do alone; the number in the menu; the dashboard's box.
 */
final class ApprovalsPage
{
    public const SLUG = 'aiguy-approvals';

    private const HANDLE = 'aiguy-approvals';

    /** Adds the hooks. */
    public function register(): void
    {
        add_action('admin_menu', [$this, 'add_page']);
        add_action('wp_dashboard_setup', [$this, 'add_widget']);
        add_action('admin_enqueue_scripts', [$this, 'enqueue']);
    }

    /** The menu's entry, with the number of cards that wait. */
    public function add_page(): void
    {
        $title = __('Approvals', 'aiguy-chat');
        $count = current_user_can(Lifecycle::CAPABILITY) ? ApprovalsQueue::count(wp_get_current_user()) : 0;
        $bubble = sprintf(
            ' <span class="awaiting-mod count-%1$d aiguy-count"><span class="pending-count" aria-hidden="true">%2$s</span>'
            . '<span class="screen-reader-text">%3$s</span></span>',
            $count,
            esc_html(number_format_i18n($count)),
            /* translators: %s: a number */
            esc_html(sprintf(_n('%s waits', '%s wait', $count, 'aiguy-chat'), number_format_i18n($count)))
        );
        add_menu_page(
            $title,
            $title . $bubble,
            Lifecycle::CAPABILITY,
            self::SLUG,
            [$this, 'show'],
            'dashicons-yes-alt',
            26
        );
    }

    /** The box on the dashboard. */
    public function add_widget(): void
    {
        if (current_user_can(Lifecycle::CAPABILITY) && Settings::is_complete()) {
            wp_add_dashboard_widget('aiguy_approvals', __('Waiting for your approval', 'aiguy-chat'), [$this, 'show_cards']);
        }
    }

    /** Script and style, only where cards are shown. */
    public function enqueue(string $page): void
    {
        if (! current_user_can(Lifecycle::CAPABILITY) || ! in_array($page, ['index.php', 'toplevel_page_' . self::SLUG], true)) {
            return;
        }
        wp_enqueue_style('aiguy-admin', Plugin::url('assets/admin.css'), [], Plugin::VERSION);
        wp_enqueue_script(
            self::HANDLE,
            Plugin::url('assets/approvals.js'),
            ['wp-api-fetch'],
            Plugin::VERSION,
            ['in_footer' => true, 'strategy' => 'defer']
        );
    }

    /** The page. */
    public function show(): void
    {
        echo '<div class="wrap"><h1>' . esc_html__('Approvals', 'aiguy-chat') . '</h1>';
        echo '<p>' . esc_html__('The assistant asks for these. Nothing is done before you decide, and nobody decides about what they asked for themselves.', 'aiguy-chat') . '</p>';
        if (Settings::is_complete()) {
            $this->show_cards();
        } else {
            echo '<div class="notice notice-warning inline"><p>';
            echo esc_html__('The chat is not connected to its backend yet.', 'aiguy-chat') . '</p></div>';
        }
        echo '</div>';
    }

    /** Where the script puts the cards. */
    public function show_cards(): void
    {
        printf(
            '<div class="aiguy-approvals" data-path="%s" data-lang="%s" data-texts="%s">',
            esc_attr('/' . Plugin::REST_NAMESPACE . '/approvals'),
            esc_attr(str_replace('_', '-', get_user_locale())),
            esc_attr((string) wp_json_encode(self::texts()))
        );
        echo '<p class="aiguy-trouble" role="alert"></p><p class="screen-reader-text" role="status" aria-live="polite"></p>';
        echo '<p class="aiguy-empty">' . esc_html__('Looking…', 'aiguy-chat') . '</p><div class="aiguy-cards"></div>';
        echo '<noscript><p>' . esc_html__('This list needs JavaScript.', 'aiguy-chat') . '</p></noscript></div>';
    }

    /** @return array<string, string> What the script says. */
    private static function texts(): array
    {
        return [
            'nothing' => __('Nothing waits for you.', 'aiguy-chat'),
            /* translators: %s: what is to be approved */
            'fresh' => __('Waiting for approval: %s', 'aiguy-chat'),
            'customer' => __('Customer', 'aiguy-chat'),
            'money' => __('Amount', 'aiguy-chat'),
            'rule' => __('Rule', 'aiguy-chat'),
            'reasons' => __('Look at', 'aiguy-chat'),
            'needed' => __('Approvals needed', 'aiguy-chat'),
            'approved_by' => __('Approved by', 'aiguy-chat'),
            'nobody' => __('nobody yet', 'aiguy-chat'),
            'asked' => __('Asked', 'aiguy-chat'),
            'expires' => __('Open until', 'aiguy-chat'),
            'notes' => __('Notes for colleagues (the customer does not see them)', 'aiguy-chat'),
            'approve' => __('Approve', 'aiguy-chat'),
            'deny' => __('Deny', 'aiguy-chat'),
            'approved' => __('You approved this.', 'aiguy-chat'),
            'denied' => __('You denied this.', 'aiguy-chat'),
            'more_needed' => __('You approved this. A colleague has to approve it too.', 'aiguy-chat'),
            'own' => __('You asked for this yourself: a colleague has to decide.', 'aiguy-chat'),
            'decided' => __('This was decided already, or its time is over.', 'aiguy-chat'),
            'gone' => __('This card is not there any more.', 'aiguy-chat'),
            'signed_out' => __('You are signed out. Reload the page and sign in.', 'aiguy-chat'),
            'trouble' => __('The list cannot be refreshed just now; it is tried again by itself.', 'aiguy-chat'),
            'failed' => __('Your decision was not taken. Please try again.', 'aiguy-chat'),
        ];
    }
}
