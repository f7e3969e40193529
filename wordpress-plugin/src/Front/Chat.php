<?php

declare(strict_types=1);

namespace AIGuy\Chat\Front;

use AIGuy\Chat\Contact\Form;
use AIGuy\Chat\Contact\Page;
use AIGuy\Chat\Experiment\Experiment;
use AIGuy\Chat\Plugin;
use AIGuy\Chat\Settings;

if (! defined('ABSPATH')) {
    exit;
}

/**
 * The one renderer of the chat, for shortcode, block and footer. What it prints may be cached for days: nothing in it is
 * about the visitor, and nothing runs out. Inside of the element is what works without JavaScript: the contact form.
 */
final class Chat
{
    /** Attributes that a page may choose, with what they are when it does not. */
    public const ATTRIBUTES = [
        'placement' => 'inline', 'title' => '', 'greeting' => '', 'lang' => '', 'theme' => '', 'position' => '',
        'open' => '',
    ];
    /** Fires when a chat was printed: there is one per page. */
    public const RENDERED = 'aiguy_chat_rendered';

    /** The HTML of a chat, with its scripts and styles enqueued. `$given` are attributes of anybody who may edit. */
    public static function html(array $given): string
    {
        $floating = ($given['placement'] ?? '') === 'floating';
        $form = Form::html();
        Assets::enqueue_style('aiguy-chat', 'assets/chat.css');
        do_action(self::RENDERED);
        if (! Settings::is_complete() || Settings::get('ab_share') === 0) {
            return $floating ? self::folded($form) : $form;
        }
        $attributes = self::attributes($given, $floating) + self::scripts();
        $inside = $floating ? self::folded($form) : $form;
        return '<aiguy-chat' . self::printed($attributes) . ">{$inside}</aiguy-chat>";
    }

    /** @return array<string, string|true> */
    private static function attributes(array $given, bool $floating): array
    {
        $told = array_intersect_key($given, self::ATTRIBUTES);
        $text = static fn (string $name, int $most): string => mb_substr(trim((string) ($told[$name] ?? '')), 0, $most);
        $accent = sanitize_hex_color(Settings::get('accent'));
        $usual = static fn (string $name, string $value): string => $value !== '' ? $value : Settings::get($name);
        $found = [
            'session' => wp_make_link_relative(rest_url(Plugin::REST_NAMESPACE . '/session')),
            'placement' => $floating ? 'floating' : 'inline',
            'lang' => preg_match('/^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$/D', $text('lang', 20)) ? $text('lang', 20) : '',
            'title' => $usual('title', $text('title', 80)),
            'greeting' => $usual('greeting', $text('greeting', 500)),
            'theme' => in_array($text('theme', 10), Settings::THEMES, true) ? $text('theme', 10) : Settings::get('theme'),
            'position' => $floating ? $usual('position', $text('position', 10)) : '',
            'contact' => Page::url(),
            'style' => $accent ? "--aiguy-accent:{$accent}" : '',
        ];
        $found['position'] = in_array($found['position'], ['left', 'right', ''], true) ? $found['position'] : 'right';
        $open = $floating && filter_var($told['open'] ?? false, FILTER_VALIDATE_BOOLEAN);
        return array_filter($found, static fn (string $value): bool => $value !== '') + ($open ? ['open' => true] : []);
    }

    /** Enqueues the chat; while an experiment runs, what decides for each visitor whether there is one. */
    private static function scripts(): array
    {
        if (! Experiment::runs()) {
            Assets::enqueue_script('aiguy-chat', 'assets/aiguy-chat.js');
            return [];
        }
        Assets::enqueue_script('aiguy-experiment', 'assets/experiment.js');
        return [
            'data-chat' => Assets::address('assets/aiguy-chat.js'),
            'data-share' => (string) Settings::get('ab_share'),
            'data-seen' => wp_make_link_relative(rest_url(Plugin::REST_NAMESPACE . '/seen')),
        ];
    }

    private static function printed(array $attributes): string
    {
        $html = '';
        foreach ($attributes as $name => $value) {
            $html .= $value === true ? " {$name}" : sprintf(' %s="%s"', $name, esc_attr($value));
        }
        return $html;
    }

    private static function folded(string $form): string
    {
        $side = Settings::get('position') === 'left' ? ' aiguy-folded--left' : '';
        $label = esc_html__('Contact us', 'aiguy-chat');
        return "<details class=\"aiguy-folded{$side}\"><summary>{$label}</summary>{$form}</details>";
    }
}
