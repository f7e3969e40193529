<?php

declare(strict_types=1);

namespace AIGuy\Chat;

if (! defined('ABSPATH')) {
    exit;
}

/**
 * E-mails to visitors: plain text, with a subject of ours.
 */
final class Mail
{
    /** Sends one answer of a conversation with its sources. True when WordPress has taken it. */
    public static function answer(string $to, array $message): bool
    {
        $site = wp_specialchars_decode((string) get_bloginfo('name'), ENT_QUOTES);
        /* translators: %s: the name of the site */
        $subject = sprintf(__('[%s] The answer that you asked for', 'aiguy-chat'), $site);
        /* translators: %s: the address of the site */
        $why = sprintf(__('You get this because it was asked for in the chat of %s.', 'aiguy-chat'), home_url('/'));
        $parts = array_filter([self::plain((string) $message['text']), self::sources($message), $why]);
        return wp_mail($to, $subject, implode("\n\n", $parts), ['Content-Type: text/plain; charset=UTF-8']);
    }

    private static function sources(array $message): string
    {
        $lines = [];
        foreach ((array) ($message['citations'] ?? []) as $source) {
            $url = esc_url_raw((string) ($source['url'] ?? ''), ['http', 'https']);
            $title = self::plain((string) ($source['title'] ?? ''));
            if ($url !== '') {
                $lines[] = trim("{$title}\n{$url}");
            }
        }
        $lines = array_unique($lines);
        return $lines === [] ? '' : __('Sources:', 'aiguy-chat') . "\n" . implode("\n", $lines);
    }

    private static function plain(string $text): string
    {
        return trim((string) preg_replace('/[\x00-\x08\x0b-\x1f\x7f]/', '', $text));
    }
}
