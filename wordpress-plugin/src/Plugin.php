<?php

declare(strict_types=1);

namespace AIGuy\Chat;

if (! defined('ABSPATH')) {
    exit;
}

/**
 * The composition root. A feature is a class whose `register()` adds its hooks; no hook is added anywhere else.
 */
final class Plugin
{
    public const VERSION = '0.1.0';
    public const REST_NAMESPACE = 'aiguy/v1';

    /** @var list<class-string> Every feature, in the order in which they are registered. */
    public const FEATURES = [
        Lifecycle::class,
        Translations::class,
        Guest::class,
        Rest\Door::class,
        Rest\JwksRoute::class,
        Rest\SessionRoute::class,
        Rest\ProxyRoutes::class,
        Rest\EmailRoute::class,
        Front\Shortcodes::class,
        Front\Block::class,
        Front\Floating::class,
        Contact\Desk::class,
        Experiment\Experiment::class,
        Integrations\Webhooks::class,
        Integrations\Knowledge::class,
        Integrations\Privacy::class,
        Integrations\StreamTest::class,
        Admin\SettingsPage::class,
        Admin\SettingsRoutes::class,
        Admin\ApprovalsPage::class,
        Admin\ApprovalsRoutes::class,
        Admin\KnowledgeBox::class,
        Admin\Notices::class,
        Admin\SiteHealth::class,
        Cli\CommandLine::class,
    ];

    private static string $file = '';

    /** Registers all features. `$file` is the plugin's main file. */
    public static function boot(string $file): void
    {
        self::$file = $file;
        foreach (self::FEATURES as $feature) {
            (new $feature())->register();
        }
    }

    /** The plugin's main file, as WordPress names it in hooks. */
    public static function file(): string
    {
        return self::$file;
    }

    /** A file of the plugin on disk. */
    public static function path(string $relative): string
    {
        return plugin_dir_path(self::$file) . $relative;
    }

    /** A file of the plugin in the web. */
    public static function url(string $relative): string
    {
        return plugins_url($relative, self::$file);
    }
}
