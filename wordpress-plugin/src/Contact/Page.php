<?php

declare(strict_types=1);

namespace AIGuy\Chat\Contact;

use AIGuy\Chat\Front\Assets;

if (! defined('ABSPATH')) {
    exit;
}

/**
 * The contact form on a page of its own: what was typed and could not be sent, thanks for what could, or a plain form for
 * when the chat cannot be reached. It needs nothing of the theme.
 */
final class Page
{
    private const POLICY = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; "
        . "frame-ancestors 'self'";

    /** Where the page is, on this site. */
    public static function url(array $query = []): string
    {
        return add_query_arg(['action' => Form::ACTION] + $query, admin_url('admin-post.php', 'relative'));
    }

    /**
     * Prints the page: the form with what was typed, below `$notice`. A page of thanks has no form.
     *
     * @param array<string, string> $kept
     */
    public static function show(int $status, string $notice = '', array $kept = [], bool $with_form = true): void
    {
        status_header($status);
        nocache_headers();
        header('Content-Type: text/html; charset=' . get_option('blog_charset'));
        header('Content-Security-Policy: ' . self::POLICY);
        header('X-Robots-Tag: noindex');
        $form = $with_form ? Form::html($kept) : '';
        $role = $status < 400 ? 'status' : 'alert';
        $told = $notice === '' ? '' : sprintf('<p class="aiguy-notice" role="%s">%s</p>', $role, esc_html($notice));
        $back = sprintf('<p><a href="%s">%s</a></p>', esc_url(home_url('/')), esc_html__('Back to the site', 'aiguy-chat'));
        // phpcs:disable WordPress.Security.EscapeOutput, WordPress.WP.EnqueuedResources -- each part is escaped
        printf(
            '<!doctype html><html %1$s><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, '
                . 'initial-scale=1"><title>%2$s – %3$s</title><link rel="stylesheet" href="%4$s"></head>'
                . '<body class="aiguy-page"><main><h1>%2$s</h1>%5$s%6$s%7$s</main></body></html>',
            get_language_attributes(),
            esc_html__('Contact us', 'aiguy-chat'),
            esc_html(get_bloginfo('name')),
            esc_url(Assets::address('assets/chat.css')),
            $told,
            $form,
            $back
        );
        // phpcs:enable
    }
}
