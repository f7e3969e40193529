<?php

declare(strict_types=1);

namespace AIGuy\Chat\Contact;

if (! defined('ABSPATH')) {
    exit;
}

/**
 * The contact form: it works without JavaScript, from pages that were cached for days, for everybody.
 */
final class Form
{
    public const ACTION = 'aiguy_contact';
    /** A field that people do not see and robots fill in. */
    public const TRAP = 'aiguy_website';
    public const MOST = ['sender' => 100, 'email' => 190, 'message' => 3500];

    /** @param array<string, string> $kept What was typed before: `sender`, `email`, `message`. */
    public static function html(array $kept = []): string
    {
        $fields = self::field('sender', __('Your name', 'aiguy-chat'), $kept, 'autocomplete="name"')
            . self::field('email', __('Your e-mail address', 'aiguy-chat'), $kept, 'autocomplete="email" required', 'email')
            . self::message($kept);
        return sprintf(
            '<form class="aiguy-contact" method="post" action="%s">%s<input type="hidden" name="action" value="%s">%s'
                . '<p class="aiguy-contact__send"><button type="submit">%s</button></p></form>',
            esc_url(admin_url('admin-post.php', 'relative')),
            $fields,
            esc_attr(self::ACTION),
            self::trap(),
            esc_html__('Send', 'aiguy-chat')
        );
    }

    private static function field(string $name, string $label, array $kept, string $more, string $type = 'text'): string
    {
        $id = wp_unique_id('aiguy-contact-');
        return sprintf(
            '<p><label for="%1$s">%2$s</label>'
                . '<input id="%1$s" type="%3$s" name="aiguy_%4$s" value="%5$s" maxlength="%6$d" %7$s></p>',
            esc_attr($id),
            esc_html($label),
            esc_attr($type),
            esc_attr($name),
            esc_attr($kept[$name] ?? ''),
            self::MOST[$name],
            $more
        );
    }

    private static function message(array $kept): string
    {
        $id = wp_unique_id('aiguy-contact-');
        return sprintf(
            '<p><label for="%1$s">%2$s</label>'
                . '<textarea id="%1$s" name="aiguy_message" rows="5" maxlength="%3$d" required>%4$s</textarea></p>',
            esc_attr($id),
            esc_html__('How can we help?', 'aiguy-chat'),
            self::MOST['message'],
            esc_textarea($kept['message'] ?? '')
        );
    }

    private static function trap(): string
    {
        $id = wp_unique_id('aiguy-contact-');
        return sprintf(
            '<p class="aiguy-contact__trap" aria-hidden="true"><label for="%1$s">%2$s</label>'
                . '<input id="%1$s" type="text" name="%3$s" value="" tabindex="-1" autocomplete="off"></p>',
            esc_attr($id),
            esc_html__('Please leave this empty', 'aiguy-chat'),
            esc_attr(self::TRAP)
        );
    }
}
