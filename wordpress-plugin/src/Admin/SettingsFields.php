<?php

declare(strict_types=1);

namespace AIGuy\Chat\Admin;

use AIGuy\Chat\Settings;

if (! defined('ABSPATH')) {
    exit;
}

/**
 * What can be set, in words for the owner of a shop.
 */
final class SettingsFields
{
    /** @return array<string, string> Section => title. */
    public static function sections(): array
    {
        return [
            'connection' => __('Connection', 'aiguy-chat'),
            'look' => __('Look', 'aiguy-chat'),
            'contact' => __('Chat or contact form', 'aiguy-chat'),
            'knowledge' => __('Knowledge', 'aiguy-chat'),
            'staff' => __('Staff and tickets', 'aiguy-chat'),
            'technical' => __('Technical details', 'aiguy-chat'),
        ];
    }

    /**
     * Setting => its section, kind (`url`, `text`, `lines`, `email`, `percent`, `color`, `yes`, `one`, `some`, `secret`),
     * label, help, and for `one` and `some` the choices.
     *
     * @return array<string, array{section: string, kind: string, label: string, help: string, choices?: array<string, string>}>
     */
    public static function all(): array
    {
        return self::connection() + self::look() + self::rest() + self::technical();
    }

    private static function connection(): array
    {
        return [
            'backend_url' => self::field('connection', 'url', __('Address of the backend', 'aiguy-chat'), __('Where your support agent runs, for example https://agent.your-shop.example. Your host or developer knows it.', 'aiguy-chat')),
        ];
    }

    private static function look(): array
    {
        return [
            'placement_floating' => self::field('look', 'yes', __('Button on every page', 'aiguy-chat'), __('Shows a chat button in the corner of every page. Without it, put the block “AIGuy Chat” or the shortcode [aiguy_chat] where you want the chat.', 'aiguy-chat')),
            'position' => self::field('look', 'one', __('Corner', 'aiguy-chat'), __('Where the button is.', 'aiguy-chat')) + ['choices' => [
                'right' => __('Right', 'aiguy-chat'),
                'left' => __('Left', 'aiguy-chat'),
            ]],
            'theme' => self::field('look', 'one', __('Light or dark', 'aiguy-chat'), __('Light, unless your pages are dark. A block or shortcode may say otherwise.', 'aiguy-chat')) + ['choices' => [
                'light' => __('Light', 'aiguy-chat'),
                'dark' => __('Dark', 'aiguy-chat'),
                'auto' => __("As the visitor's device", 'aiguy-chat'),
            ]],
            'title' => self::field('look', 'text', __('Heading', 'aiguy-chat'), __('What stands above the chat. Empty: a heading in the language of the visitor.', 'aiguy-chat')),
            'greeting' => self::field('look', 'lines', __('Greeting', 'aiguy-chat'), __('What the visitor reads before the first question.', 'aiguy-chat')),
            'accent' => self::field('look', 'color', __('Colour', 'aiguy-chat'), __('Of buttons and of the visitor’s messages, for example #0a6b5c. Choose one on which white text can be read. Empty: the usual one.', 'aiguy-chat')),
        ];
    }

    private static function rest(): array
    {
        return [
            'ab_share' => self::field('contact', 'percent', __('Visitors who see the chat', 'aiguy-chat'), __('In percent. The others see the contact form, so that you can compare. Everybody keeps what they saw first.', 'aiguy-chat')),
            'contact_email' => self::field('contact', 'email', __('E-mail for messages', 'aiguy-chat'), __('Where messages of the contact form and news about tickets go. Empty: the address of the site’s administrator.', 'aiguy-chat')),
            'push_knowledge' => self::field('knowledge', 'yes', __('Answer from my pages', 'aiguy-chat'), __('Sends what is public on this site to the backend whenever you publish, change or hide it. What has a password, is private or is left out by hand is never sent.', 'aiguy-chat')),
            'knowledge_types' => self::field('knowledge', 'some', __('Which pages', 'aiguy-chat'), __('Only these kinds are sent.', 'aiguy-chat')) + ['choices' => self::post_types()],
            'staff_roles' => self::field('staff', 'some', __('Who may approve', 'aiguy-chat'), __('These roles see what waits for approval, decide about it, and read news about tickets.', 'aiguy-chat')) + ['choices' => self::roles()],
            'webhook_secret' => self::field('staff', 'secret', __('Secret for news about tickets', 'aiguy-chat'), __('The same as in the tickets service; it begins with whsec_. While you exchange it, enter both, with a blank between them.', 'aiguy-chat')),
        ];
    }

    private static function technical(): array
    {
        return [
            'mode' => self::field('technical', 'one', __('How answers reach the browser', 'aiguy-chat'), __('Leave it at the first one, unless answers appear all at once, or your site has many visitors and few PHP processes.', 'aiguy-chat')) + ['choices' => [
                'proxy' => __('Through this site, word by word', 'aiguy-chat'),
                'direct' => __('Directly from the backend, word by word', 'aiguy-chat'),
                'poll' => __('Through this site, asking again every few seconds', 'aiguy-chat'),
            ]],
            'public_url' => self::field('technical', 'url', __('Public address of the backend', 'aiguy-chat'), __('Only for “directly”: the address that browsers use, if it is another one.', 'aiguy-chat')),
            'issuer' => self::field('technical', 'text', __('Name of this site', 'aiguy-chat'), __('How this site signs. Leave it empty to use the address of the site. If you change it, change it in the backend too.', 'aiguy-chat')),
            'delete_on_uninstall' => self::field('technical', 'yes', __('Delete everything with the plugin', 'aiguy-chat'), __('Deleting the plugin deletes its settings and keys too. What your backend keeps is not touched.', 'aiguy-chat')),
        ];
    }

    private static function field(string $section, string $kind, string $label, string $help): array
    {
        return ['section' => $section, 'kind' => $kind, 'label' => $label, 'help' => $help];
    }

    /** @return array<string, string> */
    private static function post_types(): array
    {
        $types = get_post_types(['public' => true], 'objects');
        unset($types['attachment']);
        $labels = array_map(static fn (\WP_Post_Type $type): string => $type->labels->name, $types);
        return self::with_chosen($labels, 'knowledge_types');
    }

    /** @return array<string, string> */
    private static function roles(): array
    {
        return self::with_chosen(array_map('translate_user_role', wp_roles()->get_names()), 'staff_roles');
    }

    /** What was chosen stays a choice while the plugin that it comes from is switched off. */
    private static function with_chosen(array $labels, string $setting): array
    {
        foreach ((array) Settings::get($setting) as $name) {
            $labels += [$name => $name];
        }
        return $labels;
    }
}
