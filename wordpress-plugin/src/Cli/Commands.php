<?php

declare(strict_types=1);

namespace AIGuy\Chat\Cli;

use AIGuy\Chat\Integrations\Check;
use AIGuy\Chat\Integrations\ConnectionChecks;
use AIGuy\Chat\Integrations\Knowledge;
use AIGuy\Chat\Integrations\KnowledgePush;
use AIGuy\Chat\Integrations\KnowledgeQueue;
use AIGuy\Chat\Integrations\StreamTest;
use AIGuy\Chat\Keys;
use AIGuy\Chat\Settings;

if (! defined('ABSPATH')) {
    exit;
}

/**
 * `wp aiguy …`: each public method is a command.
 */
final class Commands
{
    /**
     * Tests the connection between this site and its backend. The exit code is 1 when something does not work.
     *
     * ## OPTIONS
     *
     * [--format=<format>]
     * : table, json, csv or yaml.
     * ---
     * default: table
     * ---
     *
     * @param string[]              $arguments
     * @param array<string, string> $options
     */
    public function doctor(array $arguments, array $options): void
    {
        $checks = [...ConnectionChecks::all(), StreamTest::check()];
        $rows = array_map(static fn (Check $one): array => $one->shown(), $checks);
        \WP_CLI\Utils\format_items($options['format'] ?? 'table', $rows, ['verdict', 'label', 'text']);
        if (! ConnectionChecks::passed($checks)) {
            \WP_CLI::halt(1);
        }
    }

    /**
     * Signs with the next key from this moment on.
     *
     * ## OPTIONS
     *
     * [--leaked]
     * : Somebody may have seen the keys: new ones take the place of all.
     *
     * @subcommand rotate-key
     *
     * @param string[]            $arguments
     * @param array<string, bool> $options
     */
    public function rotate_key(array $arguments, array $options): void
    {
        if (! (empty($options['leaked']) ? Keys::rotate() : Keys::replace())) {
            \WP_CLI::error(__('The key is fixed in wp-config.php.', 'aiguy-chat'));
        }
        \WP_CLI::success(Keys::shown());
    }

    /**
     * Sends all public pages to the knowledge base.
     */
    public function push(): void
    {
        if (! Settings::get('push_knowledge') || ! Settings::is_complete()) {
            \WP_CLI::error(__('Switch it on in the settings first.', 'aiguy-chat'));
        }
        $waiting = Knowledge::push_all();
        $progress = \WP_CLI\Utils\make_progress_bar(__('Sending pages', 'aiguy-chat'), $waiting);
        while ($waiting > 0 && KnowledgePush::run()) {
            $left = KnowledgeQueue::waiting();
            $progress->tick($waiting - $left);
            $waiting = $left;
        }
        $progress->finish();
        $state = KnowledgePush::state();
        foreach ($state['refused'] as $one) {
            \WP_CLI::warning("{$one['title']}: {$one['why']}");
        }
        if ($state['failures'] > 0) {
            \WP_CLI::error($state['error']);
        }
        if (KnowledgeQueue::waiting() > 0) {
            \WP_CLI::error(__('Pages are being sent elsewhere just now. Try again in a minute.', 'aiguy-chat'));
        }
        \WP_CLI::success(__('Everything is sent.', 'aiguy-chat'));
    }
}
