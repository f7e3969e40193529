<?php

declare(strict_types=1);

namespace AIGuy\Chat\Contact;

use AIGuy\Chat\Backend;
use AIGuy\Chat\Keys;
use AIGuy\Chat\Settings;
use AIGuy\Chat\Tokens;
use AIGuy\Chat\Visitor;

if (! defined('ABSPATH')) {
    exit;
}

/**
 * Brings a message of the contact form to a person.
 */
final class Delivery
{
    /** The backend meets this wish without asking any model, in whichever language the rest is. */
    private const WISH = 'I would like to talk to a person.';
    private const TIMEOUT_S = 15.0;

    /**
     * True when somebody will read it: it is a conversation that was handed over, or an e-mail.
     *
     * @param array{sender: string, email: string, message: string} $typed
     */
    public static function deliver(array $typed): bool
    {
        return (Settings::is_complete() && Keys::usable() && self::hand_over($typed)) || self::mail($typed);
    }

    /** The same text of the same person is the same conversation and the same turn, however often it is sent. */
    private static function hand_over(array $typed): bool
    {
        $visitor = Visitor::current();
        $text = self::WISH . "\n\n" . self::who($typed) . "\n\n" . $typed['message'];
        $name = hash('sha256', implode("\n", [$visitor->is_guest() ? '' : $visitor->subject, gmdate('Y-m-d'), $text]));
        $answer = Backend::request(
            'POST',
            '/chat',
            Tokens::for_visitor($visitor),
            ['session_id' => 'form-' . substr($name, 0, 32), 'message' => $text],
            ['Idempotency-Key' => substr($name, 32), 'Accept-Language' => str_replace('_', '-', determine_locale())],
            self::TIMEOUT_S
        );
        $told = $answer->json();
        return $answer->ok() && (($told['answering'] ?? '') === 'staff' || ($told['outcome'] ?? '') === 'handed_over');
    }

    private static function mail(array $typed): bool
    {
        $to = Settings::get('contact_email');
        $site = wp_specialchars_decode((string) get_bloginfo('name'), ENT_QUOTES);
        /* translators: %s: the name of the site */
        $subject = sprintf(__('[%s] A message from the contact form', 'aiguy-chat'), $site);
        $headers = ['Reply-To: <' . sanitize_email($typed['email']) . '>', 'Content-Type: text/plain; charset=UTF-8'];
        return $to !== '' && wp_mail($to, $subject, self::who($typed) . "\n\n" . $typed['message'], $headers);
    }

    private static function who(array $typed): string
    {
        return $typed['sender'] === '' ? $typed['email'] : "{$typed['sender']}, {$typed['email']}";
    }
}
