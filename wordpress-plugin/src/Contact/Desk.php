<?php

declare(strict_types=1);

namespace AIGuy\Chat\Contact;

use AIGuy\Chat\Experiment\Experiment;
use AIGuy\Chat\Peer;
use AIGuy\Chat\RateLimit;
use AIGuy\Chat\Rest\Origin;

if (! defined('ABSPATH')) {
    exit;
}

/**
 * Takes the contact form in, and never loses what somebody has written: it goes to a person through the backend, else by
 * e-mail, else it is shown again for another try.
 */
final class Desk
{
    private const MOST_PER_HOUR = 10;

    /** Hooks into admin-post.php, which is there for guests too. */
    public function register(): void
    {
        add_action('admin_post_' . Form::ACTION, [self::class, 'serve']);
        add_action('admin_post_nopriv_' . Form::ACTION, [self::class, 'serve']);
    }

    /** One request: the plain form, thanks, or a message. */
    public static function serve(): void
    {
        // phpcs:disable WordPress.Security.NonceVerification -- the form is in cached pages; Origin stands for a nonce
        if (sanitize_key(wp_unslash($_SERVER['REQUEST_METHOD'] ?? '')) === 'post') {
            self::take(self::typed(wp_unslash($_POST)), ($_POST[Form::TRAP] ?? '') !== '');
        } elseif (isset($_GET['sent'])) {
            Page::show(200, __('Thank you. Somebody will write to you as soon as possible.', 'aiguy-chat'), [], false);
        } else {
            Page::show(200);
        }
        // phpcs:enable
        exit;
    }

    private static function take(array $typed, bool $trapped): void
    {
        if (! Origin::is_ours()) {
            Page::show(403, __('Please send this form from our own site.', 'aiguy-chat'), $typed);
        } elseif ($typed['message'] === '' || ! is_email($typed['email'])) {
            Page::show(422, __('Please give an e-mail address and a message.', 'aiguy-chat'), $typed);
        } elseif ($trapped) {
            self::thank();
        } elseif (! RateLimit::allows('contact', Peer::neighbourhood(), self::MOST_PER_HOUR, HOUR_IN_SECONDS)) {
            Page::show(429, __('That was a lot at once. Please try again in an hour.', 'aiguy-chat'), $typed);
        } elseif (Delivery::deliver($typed)) {
            Experiment::count_form();
            self::thank();
        } else {
            Page::show(503, __('We could not send this just now. Please try again in a few minutes.', 'aiguy-chat'), $typed);
        }
    }

    /** Another address: reloading it sends nothing again. */
    private static function thank(): void
    {
        wp_safe_redirect(Page::url(['sent' => '1']), 303);
    }

    /** @return array{sender: string, email: string, message: string} Bounded, without control characters. */
    private static function typed(array $given): array
    {
        $found = [];
        foreach (Form::MOST as $name => $most) {
            $text = is_string($given["aiguy_{$name}"] ?? null) ? wp_check_invalid_utf8($given["aiguy_{$name}"]) : '';
            $kept = $name === 'message' ? '/[\x00-\x08\x0b-\x1f\x7f]/' : '/[\x00-\x1f\x7f]/';
            $found[$name] = trim(mb_substr((string) preg_replace($kept, '', $text), 0, $most));
        }
        return $found;
    }
}
