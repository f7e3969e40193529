<?php

declare(strict_types=1);

namespace AIGuy\Chat\Cli;

if (! defined('ABSPATH')) {
    exit;
}

/**
 * AIGuy Chat on the command line.
 */
final class CommandLine
{
    /** Only where WP-CLI runs. */
    public function register(): void
    {
        if (defined('WP_CLI') && WP_CLI) {
            \WP_CLI::add_command('aiguy', Commands::class);
        }
    }
}
