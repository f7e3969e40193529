<?php

declare(strict_types=1);

namespace AIGuy\Chat\Admin;

use AIGuy\Chat\Integrations\KnowledgePush;
use AIGuy\Chat\Integrations\KnowledgeQueue;
use AIGuy\Chat\Settings;

if (! defined('ABSPATH')) {
    exit;
}

/**
 * How far the knowledge base is, in words.
 */
final class KnowledgeProgress
{
    /** One sentence about what waits, and what went wrong. */
    public static function sentence(): string
    {
        $state = KnowledgePush::state();
        $waiting = KnowledgeQueue::waiting();
        if ($state['failures'] > 0) {
            /* translators: 1: a number, 2: the reason */
            $text = _n('%1$s page waits. The last attempt failed: %2$s', '%1$s pages wait. The last attempt failed: %2$s', $waiting, 'aiguy-chat');
            return sprintf($text, number_format_i18n($waiting), $state['error']);
        }
        if ($waiting > 0 && ! Settings::get('push_knowledge')) {
            /* translators: %s: a number */
            $text = _n('%s page waits to be taken out.', '%s pages wait to be taken out.', $waiting, 'aiguy-chat');
            return sprintf($text, number_format_i18n($waiting));
        }
        if ($waiting > 0) {
            /* translators: %s: a number */
            return sprintf(_n('%s page waits to be sent.', '%s pages wait to be sent.', $waiting, 'aiguy-chat'), number_format_i18n($waiting));
        }
        if (0 === $state['done_at']) {
            return __('Nothing was sent yet.', 'aiguy-chat');
        }
        /* translators: %s: a time such as "5 minutes" */
        return sprintf(__('Everything is sent; the last time was %s ago.', 'aiguy-chat'), human_time_diff($state['done_at']));
    }

    /** @return list<string> What the knowledge base did not take, and why. */
    public static function refused(): array
    {
        $lines = [];
        foreach (KnowledgePush::state()['refused'] as $one) {
            $lines[] = $one['title'] . ': ' . $one['why'];
        }
        return $lines;
    }

    /** @return array{waiting: int, failed: bool, text: string, refused: list<string>} The same for a script. */
    public static function shown(): array
    {
        return [
            'waiting' => KnowledgeQueue::waiting(), 'failed' => KnowledgePush::state()['failures'] > 0,
            'text' => self::sentence(), 'refused' => self::refused(),
        ];
    }
}
