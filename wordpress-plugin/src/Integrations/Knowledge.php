<?php

declare(strict_types=1);

namespace AIGuy\Chat\Integrations;

use AIGuy\Chat\Settings;

if (! defined('ABSPATH')) {
    exit;
}

/**
 * What is published, changed, hidden or deleted waits in the queue; WP-Cron pushes it soon after.
 */
final class Knowledge
{
    public const HOOK = 'aiguy_push_knowledge';

    /** Seconds from a change to the push: several edits are one push. */
    private const DEBOUNCE_S = 15;
    /** Seconds that one run of WP-Cron may work. */
    private const RUN_S = 20;
    /** What the knowledge base had when the plugin was switched off: option, post id => address. */
    private const PAUSED = 'aiguy_pushed_before';
    /** Settings after whose change the knowledge base has to be told everything. */
    private const TELLING = ['push_knowledge', 'knowledge_types', 'backend_url', 'issuer'];

    /** @var array<int, string> Posts that are being deleted => the address that the knowledge base has. */
    private array $deleting = [];

    /** Adds the hooks. */
    public function register(): void
    {
        add_action('wp_after_insert_post', [$this, 'changed']);
        add_action('before_delete_post', [$this, 'before_delete']);
        add_action('deleted_post', [$this, 'deleted']);
        add_filter('woocommerce_duplicate_product_exclude_meta', [$this, 'not_copied']);
        add_action('permalink_structure_changed', [self::class, 'push_all']);
        add_action('add_option_' . Settings::OPTION, [$this, 'settings_changed'], 10, 2);
        add_action('update_option_' . Settings::OPTION, [$this, 'settings_changed'], 10, 2);
        add_action(self::HOOK, [self::class, 'run']);
    }

    /** A post was saved in any state. */
    public function changed(int $post_id): void
    {
        if (wp_is_post_revision($post_id) || wp_is_post_autosave($post_id)) {
            return;
        }
        if (KnowledgeDocument::wanted(get_post($post_id)) || '' !== KnowledgeQueue::pushed_url($post_id)) {
            KnowledgeQueue::add($post_id);
            self::schedule(self::DEBOUNCE_S);
        }
    }

    /** What is known of a post goes with it: its address is needed for the removal. */
    public function before_delete(int $post_id): void
    {
        $url = KnowledgeQueue::pushed_url($post_id);
        if ('' !== $url) {
            $this->deleting[$post_id] = $url;
        }
    }

    /** The post is gone; the knowledge base is to be told. */
    public function deleted(int $post_id): void
    {
        if (isset($this->deleting[$post_id])) {
            KnowledgeQueue::set_pushed_url($post_id, $this->deleting[$post_id]);
            KnowledgeQueue::add($post_id);
            unset($this->deleting[$post_id]);
            self::schedule(self::DEBOUNCE_S);
        }
    }

    /**
     * A copy of a product is another page.
     *
     * @param string[] $names Names of post meta that is not copied.
     */
    public function not_copied(array $names): array
    {
        return [...$names, ...KnowledgeQueue::OWN];
    }

    /**
     * Another backend knows nothing yet; other types are other documents; switched off, all is taken out. `$before` is the
     * option's name at first.
     */
    public function settings_changed(mixed $before, mixed $after): void
    {
        $before = (is_array($before) ? $before : []) + Settings::DEFAULTS;
        $after = (is_array($after) ? $after : []) + Settings::DEFAULTS;
        $changed = array_filter(self::TELLING, static fn (string $name): bool => $before[$name] !== $after[$name]);
        if ([] !== $changed) {
            self::push_all();
        }
    }

    /** Puts every public post into the queue, and every one that the knowledge base has. Returns how many wait. */
    public static function push_all(): int
    {
        KnowledgePush::reset();
        $waiting = KnowledgeQueue::add_all(Settings::get('push_knowledge') ? Settings::get('knowledge_types') : []);
        if ($waiting > 0) {
            self::schedule(self::DEBOUNCE_S);
        }
        return $waiting;
    }

    /** The plugin is switched off: what WordPress forgets of pages that are deleted meanwhile is kept. */
    public static function pause(): void
    {
        update_option(self::PAUSED, KnowledgeQueue::pushed(), false);
    }

    /** The plugin is there again: nobody knows what has changed meanwhile. */
    public static function resume(): void
    {
        foreach ((array) get_option(self::PAUSED, []) as $post_id => $url) {
            if ('' === KnowledgeQueue::pushed_url((int) $post_id)) {
                KnowledgeQueue::set_pushed_url((int) $post_id, (string) $url);
            }
        }
        delete_option(self::PAUSED);
        self::push_all();
    }

    /** WP-Cron: batch after batch for a while; the rest, and what has failed, later. */
    public static function run(): void
    {
        $end = time() + self::RUN_S;
        while (Settings::is_complete() && KnowledgeQueue::waiting() > 0) {
            if (! KnowledgePush::run()) {
                self::schedule(max(self::DEBOUNCE_S, KnowledgePush::state()['retry_at'] - time()));
                return;
            }
            if (time() >= $end) {
                self::schedule(1);
                return;
            }
        }
    }

    private static function schedule(int $seconds): void
    {
        if (! wp_next_scheduled(self::HOOK)) {
            wp_schedule_single_event(time() + $seconds, self::HOOK);
        }
    }
}
