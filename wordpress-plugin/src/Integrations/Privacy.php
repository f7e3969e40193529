<?php

declare(strict_types=1);

namespace AIGuy\Chat\Integrations;

use AIGuy\Chat\Backend;
use AIGuy\Chat\Response;
use AIGuy\Chat\Settings;
use AIGuy\Chat\Tokens;
use AIGuy\Chat\Visitor;

if (! defined('ABSPATH')) {
    exit;
}

/**
 * WordPress's tools for personal data: the backend's answer to "export" and "erase" for a customer's e-mail address, and
 * a text for the privacy policy.
 */
final class Privacy
{
    public const SCOPE = 'privacy:manage';

    private const TIMEOUT_S = 20.0;

    /** Adds the hooks. */
    public function register(): void
    {
        add_action('admin_init', [$this, 'suggest_policy']);
        add_filter('wp_privacy_personal_data_exporters', [$this, 'add_exporter']);
        add_filter('wp_privacy_personal_data_erasers', [$this, 'add_eraser']);
    }

    /** @param array<string, array<string, mixed>> $exporters */
    public function add_exporter(array $exporters): array
    {
        $exporters['aiguy-chat'] = [
            'exporter_friendly_name' => __('AIGuy Chat', 'aiguy-chat'), 'callback' => [$this, 'export'],
        ];
        return $exporters;
    }

    /** @param array<string, array<string, mixed>> $erasers */
    public function add_eraser(array $erasers): array
    {
        $erasers['aiguy-chat'] = [
            'eraser_friendly_name' => __('AIGuy Chat', 'aiguy-chat'), 'callback' => [new PrivacyEraser(), 'erase'],
        ];
        return $erasers;
    }

    /**
     * Everything that is kept of the customer. What cannot be read stops the export: half of it would look like all.
     *
     * @return array{data: list<array<string, mixed>>, done: bool}|\WP_Error
     */
    public function export(string $email, int $page = 1): array|\WP_Error
    {
        $subject = self::subject_of($email);
        if (null === $subject || ! Settings::is_complete()) {
            return ['data' => [], 'done' => true];
        }
        $answer = self::call('POST', '/api/agent/privacy/export', ['customer' => $subject]);
        if (! $answer->ok()) {
            /* translators: %s: the backend's words */
            $text = __('AIGuy Chat could not give out what it keeps. Try again later. %s', 'aiguy-chat');
            return new \WP_Error('aiguy_export_failed', sprintf($text, $answer->problem()['detail']));
        }
        $told = $answer->json();
        if ([] !== ($told['missing'] ?? [])) {
            /* translators: %s: names of services */
            $text = __('AIGuy Chat could not ask all of its services (%s). Try again later.', 'aiguy-chat');
            return new \WP_Error('aiguy_export_incomplete', sprintf($text, implode(', ', (array) $told['missing'])));
        }
        return ['data' => PrivacyExport::items($told), 'done' => true];
    }

    /** A text for the shop's privacy policy. */
    public function suggest_policy(): void
    {
        $paragraphs = [
            __('When you write in the chat, we keep your messages, the answers, and when they were written. If you are logged in, your name and e-mail address are kept with them, so that we can find your orders and reply to you. If you are not, a random number in a cookie (aiguy_guest, 30 days) keeps your conversation together.', 'aiguy-chat'),
            __('Your IP address tells our support system that not everybody is the same visitor, so that nobody can flood it; conversations do not hold it. While we try out the chat beside a contact form, a cookie (aiguy_ab, 30 days) remembers which of the two you see.', 'aiguy-chat'),
            __('A computer program answers. You can ask for a person at any time. Before your messages are given to a language model, personal data in them is replaced by placeholders.', 'aiguy-chat'),
            __('Conversations are kept sealed by our support system, and deleted when nothing was written in them for one year. [Change this if your support system keeps them for another time, and name who runs it and the provider of the language model.]', 'aiguy-chat'),
        ];
        $text = '<p>' . implode('</p><p>', array_map('esc_html', $paragraphs)) . '</p>';
        wp_add_privacy_policy_content(__('AIGuy Chat', 'aiguy-chat'), wp_kses_post($text));
    }

    /** The name under which the backend knows a user with this address; null for anybody else. */
    public static function subject_of(string $email): ?string
    {
        $user = get_user_by('email', $email);
        return $user instanceof \WP_User ? Visitor::subject_of($user->ID) : null;
    }

    /** A call in the name of the site. */
    public static function call(string $method, string $path, ?array $body = null): Response
    {
        return Backend::request($method, $path, Tokens::for_site([self::SCOPE]), $body, [], self::TIMEOUT_S);
    }
}
