<?php

declare(strict_types=1);

namespace AIGuy\Chat\Integrations;

if (! defined('ABSPATH')) {
    exit;
}

/**
 * One row of post meta per post that waits. So two requests cannot lose each other's entries, as they would in one
 * option, and there are never more entries than posts. A row outlives its post until the removal was told.
 */
final class KnowledgeQueue
{
    private const DUE = '_aiguy_push';
    private const URL = '_aiguy_pushed_url';
    private const BEGUN = '_aiguy_push_begun';
    /** What is known of one post alone: a copy of it begins without. */
    public const OWN = [self::DUE, self::URL, self::BEGUN];
    /** How the mark of a post begins that has failed. */
    private const LATER = 'later-';

    /**
     * The post has changed. Its mark is another one each time, so that a change during a push is pushed again.
     */
    public static function add(int $post_id): void
    {
        update_metadata('post', $post_id, self::DUE, wp_generate_uuid4());
    }

    /**
     * All published posts of these types wait, the ones that were pushed before too.
     *
     * @param string[] $types Post types.
     * @return int How many wait afterwards.
     */
    public static function add_all(array $types): int
    {
        global $wpdb;
        if ([] !== $types) {
            $names = implode(', ', array_fill(0, count($types), '%s'));
            // phpcs:ignore WordPress.DB -- one statement instead of one per post; $names holds placeholders only.
            $wpdb->query($wpdb->prepare(
                "INSERT INTO {$wpdb->postmeta} (post_id, meta_key, meta_value) SELECT ID, %s, %s FROM {$wpdb->posts}"
                . " WHERE post_status = 'publish' AND post_password = '' AND post_type IN ($names)"
                . " AND ID NOT IN (SELECT post_id FROM {$wpdb->postmeta} WHERE meta_key = %s)",
                [self::DUE, wp_generate_uuid4(), ...$types, self::DUE]
            ));
        }
        // phpcs:ignore WordPress.DB -- see above: what was pushed but is not of a chosen type is looked at again.
        $wpdb->query($wpdb->prepare(
            "INSERT INTO {$wpdb->postmeta} (post_id, meta_key, meta_value) SELECT post_id, %s, %s"
            . " FROM {$wpdb->postmeta} WHERE meta_key = %s AND post_id NOT IN (SELECT post_id FROM {$wpdb->postmeta} WHERE meta_key = %s)",
            [self::DUE, wp_generate_uuid4(), self::URL, self::DUE]
        ));
        return self::waiting();
    }

    /**
     * The posts that have waited longest.
     *
     * @param int $limit How many at most.
     * @return array<int, string> Post id => mark.
     */
    public static function next(int $limit): array
    {
        global $wpdb;
        // phpcs:ignore WordPress.DB -- a queue is read as it is.
        $rows = $wpdb->get_results($wpdb->prepare(
            "SELECT post_id, meta_value FROM {$wpdb->postmeta} WHERE meta_key = %s ORDER BY meta_id LIMIT %d",
            self::DUE,
            $limit
        ));
        return array_column($rows, 'meta_value', 'post_id');
    }

    /**
     * The posts that nobody can read any more and that were not tried yet: to take out what is not public is more urgent
     * than anything else.
     *
     * @param int $limit How many at most.
     * @return array<int, string> Post id => mark.
     */
    public static function hidden(int $limit): array
    {
        global $wpdb;
        // phpcs:ignore WordPress.DB -- a queue is read as it is.
        $rows = $wpdb->get_results($wpdb->prepare(
            "SELECT due.post_id, due.meta_value FROM {$wpdb->postmeta} due LEFT JOIN {$wpdb->posts} post ON post.ID = due.post_id"
            . " WHERE due.meta_key = %s AND due.meta_value NOT LIKE %s"
            . " AND (post.ID IS NULL OR post.post_status <> 'publish' OR post.post_password <> '')"
            . " ORDER BY due.meta_id LIMIT %d",
            self::DUE,
            $wpdb->esc_like(self::LATER) . '%',
            $limit
        ));
        return array_column($rows, 'meta_value', 'post_id');
    }

    /**
     * The post goes to the end, unless it has changed since `$mark` was read.
     */
    public static function postpone(int $post_id, string $mark): void
    {
        if (delete_metadata('post', $post_id, self::DUE, $mark)) {
            add_metadata('post', $post_id, self::DUE, self::LATER . wp_generate_uuid4());
        }
    }

    /**
     * Counts the attempts to put the post's text together that did not come back: PHP may end in the middle of it.
     *
     * @return int How many there were before this one.
     */
    public static function begin(int $post_id): int
    {
        $before = (int) get_metadata('post', $post_id, self::BEGUN, true);
        update_metadata('post', $post_id, self::BEGUN, (string) ($before + 1));
        return $before;
    }

    /**
     * The attempt came back.
     */
    public static function came_back(int $post_id): void
    {
        delete_metadata('post', $post_id, self::BEGUN);
    }

    /**
     * Others may have changed a post since it was read here; it is read anew.
     */
    public static function read_anew(int $post_id): void
    {
        wp_cache_delete($post_id, 'posts');
        wp_cache_delete($post_id, 'post_meta');
    }

    /**
     * How many posts wait.
     */
    public static function waiting(): int
    {
        global $wpdb;
        // phpcs:ignore WordPress.DB -- a queue is counted as it is.
        return (int) $wpdb->get_var(
            $wpdb->prepare("SELECT COUNT(*) FROM {$wpdb->postmeta} WHERE meta_key = %s", self::DUE)
        );
    }

    /**
     * The post was handled as it was when `$mark` was read.
     */
    public static function done(int $post_id, string $mark): void
    {
        delete_metadata('post', $post_id, self::DUE, $mark);
    }

    /**
     * The address under which the post was pushed last; '' if it never was or was removed. The post's id stands before it:
     * what copies a post copies the row, too, and the copy was never pushed.
     */
    public static function pushed_url(int $post_id): string
    {
        return self::own_url($post_id, (string) get_metadata('post', $post_id, self::URL, true));
    }

    /**
     * Remember the address that the knowledge base has; '' forgets it.
     */
    public static function set_pushed_url(int $post_id, string $url): void
    {
        if ('' === $url) {
            delete_metadata('post', $post_id, self::URL);
        } else {
            update_metadata('post', $post_id, self::URL, "{$post_id} {$url}");
        }
    }

    /**
     * All addresses that the knowledge base has.
     *
     * @return array<int, string> Post id => address.
     */
    public static function pushed(): array
    {
        global $wpdb;
        // phpcs:ignore WordPress.DB -- all rows at once
        $rows = $wpdb->get_results($wpdb->prepare("SELECT post_id, meta_value FROM {$wpdb->postmeta} WHERE meta_key = %s", self::URL));
        $found = [];
        foreach ($rows as $row) {
            $found[(int) $row->post_id] = self::own_url((int) $row->post_id, (string) $row->meta_value);
        }
        return array_filter($found, static fn (string $url): bool => '' !== $url);
    }

    private static function own_url(int $post_id, string $stored): string
    {
        [$owner, $url] = [...explode(' ', $stored, 2), ''];
        return $owner === (string) $post_id ? $url : '';
    }
}
