<?php

declare(strict_types=1);

namespace AIGuy\Chat\Admin;

use AIGuy\Chat\Integrations\ConnectionChecks;
use AIGuy\Chat\Integrations\KnowledgeQueue;
use AIGuy\Chat\Keys;
use AIGuy\Chat\Plugin;
use AIGuy\Chat\Settings;

if (! defined('ABSPATH')) {
    exit;
}

/**
 * What stands below the fields of a section: the connection test, the comparison, the knowledge base, the key. It is inside
 * of the form, and no field of it is sent.
 */
final class SettingsPanels
{
    /** Prints what belongs below this section of SettingsFields. */
    public static function of(string $section): void
    {
        match ($section) {
            'connection' => self::connection(),
            'contact' => self::comparison(),
            'knowledge' => self::knowledge(),
            'technical' => self::technical(),
            default => null,
        };
    }

    private static function connection(): void
    {
        self::open('connection', __('Does it work?', 'aiguy-chat'));
        if (! Keys::usable()) {
            echo '<div class="notice notice-error inline"><p>' . esc_html(Keys::trouble()) . '</p></div>';
        }
        echo '<p>' . esc_html__('The test asks the address that is saved: save a new one first.', 'aiguy-chat') . '</p>';
        self::button('connection-test', __('Test the connection', 'aiguy-chat'));
        self::told();
        echo '<ul class="aiguy-checks"></ul>';
        self::close();
    }

    /** What the backend has to know, and the key. */
    private static function technical(): void
    {
        self::open('technical', __('What the backend has to know', 'aiguy-chat'));
        echo '<p>';
        echo esc_html__('Copy this into the backend’s issuers file, so that it believes what this site signs. It holds no secret.', 'aiguy-chat') . '</p>';
        printf(
            '<textarea readonly rows="6" class="large-text code aiguy-copy" aria-label="%s">%s</textarea>',
            esc_attr__('Entry for the issuers file', 'aiguy-chat'),
            esc_textarea(ConnectionChecks::issuers_entry())
        );
        printf('<p><button type="button" class="button aiguy-copy-button" hidden>%s</button></p>', esc_html__('Copy', 'aiguy-chat'));
        echo '<h4>' . esc_html__('Key of this site', 'aiguy-chat') . '</h4>';
        /* translators: %s: the id of a key */
        printf('<p>%s</p>', sprintf(esc_html__('This site signs with the key %s.', 'aiguy-chat'), '<code class="aiguy-key">' . esc_html(Keys::shown()) . '</code>'));
        if (defined(Keys::CONSTANT)) {
            /* translators: %s: the name of a PHP constant */
            $text = sprintf(__('It comes from %s in wp-config.php and is changed there.', 'aiguy-chat'), Keys::CONSTANT);
            echo '<p>' . esc_html($text) . '</p>';
        } else {
            self::button('rotate-key', __('Use a new key', 'aiguy-chat'), __('Use a new key from this moment on? Chats that are open go on.', 'aiguy-chat'));
            echo '<p class="description">' . esc_html__('Do this once a year. Nothing has to be changed in the backend.', 'aiguy-chat') . '</p>';
            self::button('replace-keys', __('Replace all keys', 'aiguy-chat'), __('Replace all keys of this site? For some seconds the backend may refuse what visitors write.', 'aiguy-chat'));
            echo '<p class="description">' . esc_html__('Do this when somebody may have seen the keys, in a copy of the database for example: the key that was to follow is in it, too.', 'aiguy-chat') . '</p>';
        }
        self::told();
        self::close();
    }

    /** What waits for the knowledge base, and the button that sends everything. */
    private static function knowledge(): void
    {
        if (! Settings::get('push_knowledge') && 0 === KnowledgeQueue::waiting()) {
            return;
        }
        self::open('knowledge', __('Pages for the knowledge base', 'aiguy-chat'));
        echo '<p class="aiguy-progress">' . esc_html(KnowledgeProgress::sentence()) . '</p>';
        echo '<progress class="aiguy-bar" hidden aria-label="' . esc_attr__('Sending pages', 'aiguy-chat') . '"></progress>';
        if (Settings::get('push_knowledge')) {
            self::button('knowledge', __('Send everything now', 'aiguy-chat'));
        }
        self::told();
        echo '<ul class="aiguy-refused">';
        foreach (KnowledgeProgress::refused() as $line) {
            echo '<li>' . esc_html($line) . '</li>';
        }
        echo '</ul>';
        self::close();
    }

    /** How many visitors saw the chat, and how many the contact form. */
    private static function comparison(): void
    {
        self::open('comparison', __('Chat or contact form: what visitors did', 'aiguy-chat'));
        Comparison::show();
        echo '</section>';
    }

    private static function open(string $name, string $title): void
    {
        printf(
            '<section class="aiguy-panel" id="aiguy-panel-%1$s" data-path="%2$s" data-texts="%3$s"><h3>%4$s</h3>',
            esc_attr($name),
            esc_attr('/' . Plugin::REST_NAMESPACE . '/'),
            esc_attr((string) wp_json_encode([
                'working' => __('One moment…', 'aiguy-chat'),
                'failed' => __('That did not work. Reload the page and try again.', 'aiguy-chat'),
                'copied' => __('Copied.', 'aiguy-chat'),
            ])),
            esc_html($title)
        );
    }

    private static function button(string $path, string $label, string $question = ''): void
    {
        printf(
            '<p><button type="button" class="button aiguy-do" data-do="%s" data-question="%s">%s</button></p>',
            esc_attr($path),
            esc_attr($question),
            esc_html($label)
        );
    }

    /** Where the script says what came of a button. */
    private static function told(): void
    {
        echo '<p class="aiguy-told" role="status" aria-live="polite"></p>';
    }

    private static function close(): void
    {
        echo '<noscript><p>' . esc_html__('The buttons need JavaScript. On the command line: wp aiguy doctor.', 'aiguy-chat') . '</p></noscript>';
        echo '</section>';
    }
}
