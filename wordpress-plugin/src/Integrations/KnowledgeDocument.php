<?php

declare(strict_types=1);

namespace AIGuy\Chat\Integrations;

use AIGuy\Chat\Settings;

if (! defined('ABSPATH')) {
    exit;
}

/**
 * Which posts everybody may read, and what is sent of them.
 */
final class KnowledgeDocument
{
    public const SKIP = '_aiguy_skip';
    public const POLICY = '_aiguy_policy';

    private const LONGEST_BODY = 400000;
    private const LONGEST_TITLE = 200;
    private const LONGEST_URL = 500;
    private const MOST_TAGS = 15;
    /** Seconds that this site may take for one of its own pages. */
    private const ASK_S = 5;

    /**
     * Whether the post belongs into the knowledge base: it is switched on, and the post is public for everybody, of a chosen
     * type, not left out by hand, nor by the filter `aiguy_knowledge_wanted` of another plugin.
     */
    public static function wanted(?\WP_Post $post): bool
    {
        return null !== $post
            && Settings::get('push_knowledge')
            && 'publish' === $post->post_status
            && '' === $post->post_password
            && in_array($post->post_type, (array) Settings::get('knowledge_types'), true)
            && is_post_type_viewable($post->post_type)
            && ! get_post_meta($post->ID, self::SKIP, true)
            && apply_filters('aiguy_knowledge_wanted', true, $post);
    }

    /**
     * Why the page at this address is not for everybody, or ''. It is asked for as a visitor asks who has no cookie: some
     * plugins hide pages in no other way than by their answer.
     */
    public static function hidden(string $url): string
    {
        if (! apply_filters('aiguy_knowledge_ask', true, $url)) {
            return '';
        }
        $answer = wp_remote_get($url, [
            'timeout' => self::ASK_S, 'redirection' => 0, 'cookies' => [], 'limit_response_size' => KB_IN_BYTES,
            'sslverify' => apply_filters('https_local_ssl_verify', false),
        ]);
        if (is_wp_error($answer)) {
            /* translators: %s: an error message in English */
            $text = __('It is not sent because this site cannot ask itself whether everybody may read the page: %s', 'aiguy-chat');
            return sprintf($text, $answer->get_error_message());
        }
        $status = (int) wp_remote_retrieve_response_code($answer);
        /* translators: %s: an HTTP status such as 302 */
        $text = __('Visitors who are not logged in cannot read it at its address (status %s).', 'aiguy-chat');
        return 200 === $status ? '' : sprintf($text, (string) $status);
    }

    /**
     * The post's public address: its identity in the knowledge base.
     */
    public static function url(\WP_Post $post): string
    {
        return (string) get_permalink($post);
    }

    /**
     * The document as the backend takes it, or words that say why there is none.
     *
     * @return array<string, mixed>|string
     */
    public static function of(\WP_Post $post): array|string
    {
        $url = self::url($post);
        if (strlen($url) > self::LONGEST_URL || 1 !== preg_match('#^https?://[!-~]+$#', $url)) {
            return __('Its address is too long or has characters that addresses cannot have.', 'aiguy-chat');
        }
        try {
            $body = self::body($post);
        } catch (\Throwable $error) {
            /* translators: %s: an error message of another plugin, in English */
            return sprintf(__('Its text could not be put together: %s', 'aiguy-chat'), $error->getMessage());
        }
        if ('' === $body) {
            return __('It has no text.', 'aiguy-chat');
        }
        $title = trim((string) preg_replace('/\s+/u', ' ', self::plain(get_the_title($post))));
        return [
            'url'        => $url,
            'title'      => mb_substr('' === $title ? $url : $title, 0, self::LONGEST_TITLE),
            'body'       => mb_substr($body, 0, self::LONGEST_BODY),
            'tags'       => self::tags($post),
            'is_policy'  => (bool) get_post_meta($post->ID, self::POLICY, true),
            'reviewed'   => true,
            'updated_at' => (string) get_post_modified_time('Y-m-d\TH:i:s\Z', true, $post),
        ];
    }

    /**
     * What a visitor who is not logged in reads there.
     */
    private static function body(\WP_Post $post): string
    {
        $user     = get_current_user_id();
        $previous = $GLOBALS['post'] ?? null;
        wp_set_current_user(0);
        try {
            $GLOBALS['post'] = $post;
            setup_postdata($post);
            $html = (string) apply_filters('the_content', $post->post_content);
            if ('product' === $post->post_type && '' !== trim($post->post_excerpt)) {
                $html = wpautop($post->post_excerpt) . $html;
            }
        } finally {
            $GLOBALS['post'] = $previous;
            if ($previous instanceof \WP_Post) {
                setup_postdata($previous);
            }
            wp_set_current_user($user);
        }
        $body = Markdown::of(strip_shortcodes($html));
        return trim(str_replace("\0", '', $body));
    }

    /**
     * Names of the public categories and tags.
     *
     * @return string[]
     */
    private static function tags(\WP_Post $post): array
    {
        $names = [];
        foreach (get_object_taxonomies($post, 'objects') as $taxonomy) {
            $terms = $taxonomy->publicly_queryable ? get_the_terms($post, $taxonomy->name) : [];
            foreach (is_array($terms) ? $terms : [] as $term) {
                $name = mb_substr(trim(rawurldecode($term->slug)), 0, 64);
                if ('' !== $name && ! in_array($name, ['uncategorized', 'uncategorised'], true)) {
                    $names[] = $name;
                }
            }
        }
        return array_slice(array_values(array_unique($names)), 0, self::MOST_TAGS);
    }

    private static function plain(string $html): string
    {
        return html_entity_decode(wp_strip_all_tags($html), ENT_QUOTES | ENT_HTML5, 'UTF-8');
    }
}
