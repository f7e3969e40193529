<?php

/**
 * What the editor's script needs of WordPress.
 */

if (! defined('ABSPATH')) {
    exit;
}

return [
    'dependencies' => ['wp-blocks', 'wp-block-editor', 'wp-components', 'wp-element', 'wp-i18n'],
    'version' => substr((string) hash_file('sha256', __DIR__ . '/editor.js'), 0, 12),
];
