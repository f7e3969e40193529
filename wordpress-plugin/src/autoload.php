<?php

/**
 * PSR-4 for `AIGuy\Chat`: one class, one file below this folder.
 */

declare(strict_types=1);

if (! defined('ABSPATH')) {
    exit;
}

spl_autoload_register(static function (string $class_name): void {
    $prefix = 'AIGuy\\Chat\\';
    if (! str_starts_with($class_name, $prefix)) {
        return;
    }
    $file = __DIR__ . '/' . str_replace('\\', '/', substr($class_name, strlen($prefix))) . '.php';
    if (is_file($file)) {
        require_once $file;
    }
});
