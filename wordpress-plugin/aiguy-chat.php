<?php

/**
 * Plugin Name:       AIGuy Chat
 * Description:       A support assistant that answers from your help pages and fetches a person when it is not sure.
 * Version:           0.1.0
 * Requires at least: 6.5
 * Requires PHP:      8.1
 * Author:            AIGuy
 * License:           GPL-2.0-or-later
 * License URI:       https://www.gnu.org/licenses/gpl-2.0.html
 * Text Domain:       aiguy-chat
 * Domain Path:       /languages
 *
 * @package AIGuy\Chat
 */

declare(strict_types=1);

namespace AIGuy\Chat;

if (! defined('ABSPATH')) {
    exit;
}

require_once __DIR__ . '/src/autoload.php';

register_activation_hook(__FILE__, [Lifecycle::class, 'activate']);
register_deactivation_hook(__FILE__, [Lifecycle::class, 'deactivate']);

Plugin::boot(__FILE__);
