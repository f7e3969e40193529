<?php

declare(strict_types=1);

namespace AIGuy\Chat\Integrations;

use AIGuy\Chat\Response;
use AIGuy\Chat\Settings;

if (! defined('ABSPATH')) {
    exit;
}

/**
 * Erases a customer at the backend: the conversations at once, the other services' records as each of them answers.
 */
final class PrivacyEraser
{
    /** WordPress asks again and again until it is done: seconds between two looks, and how many. */
    private const PAUSE_S = 1;
    private const MOST_PAGES = 20;

    /**
     * One step: the first begins, each further one looks how far it is.
     *
     * @return array{items_removed: bool, items_retained: bool, messages: list<string>, done: bool}
     */
    public function erase(string $email, int $page = 1): array
    {
        $subject = Privacy::subject_of($email);
        if (null === $subject) {
            return self::told(false, false, [__(
                'AIGuy Chat: nobody with this address has an account. Guests’ conversations hold no address that they could be found by; they are deleted when their time is over.',
                'aiguy-chat'
            )]);
        }
        if (! Settings::is_complete()) {
            return self::told(false, false, []);
        }
        $note = 'aiguy_erasure_' . md5($subject);
        $request_id = $page > 1 ? (string) get_transient($note) : '';
        if ('' !== $request_id) {
            sleep(self::PAUSE_S);
        }
        $answer = '' === $request_id
            ? Privacy::call('POST', '/api/agent/privacy/erase', ['customer' => $subject])
            : Privacy::call('GET', '/api/agent/privacy/requests/' . rawurlencode($request_id));
        $view = $answer->json();
        if (! $answer->ok() || ! isset($view['request_id'], $view['state'])) {
            return self::told(false, true, [self::failed($answer)]);
        }
        if ('done' === $view['state']) {
            delete_transient($note);
            return self::finished($view);
        }
        set_transient($note, (string) $view['request_id'], HOUR_IN_SECONDS);
        if ($page >= self::MOST_PAGES) {
            return self::told(true, true, [__(
                'AIGuy Chat: the conversations are erased. Some services do not answer yet; they erase what they have as soon as they do, without you doing anything. Erase again later to see whether all is done.',
                'aiguy-chat'
            )]);
        }
        return self::told(true, false, [], false);
    }

    private static function finished(array $view): array
    {
        $removed = ($view['conversations'] ?? 0) > 0;
        $kept = [];
        foreach ((array) ($view['services'] ?? []) as $service) {
            $removed = $removed || array_sum((array) ($service['erased'] ?? [])) > 0;
            foreach ((array) ($service['kept'] ?? []) as $kind => $reason) {
                /* translators: 1: kind of record, 2: reason */
                $kept[] = sprintf(__('AIGuy Chat keeps %1$s: %2$s', 'aiguy-chat'), $kind, $reason);
            }
        }
        return self::told($removed, [] !== $kept, $kept);
    }

    private static function failed(Response $answer): string
    {
        /* translators: %s: the backend's words */
        $text = __('AIGuy Chat could not be reached, nothing was erased there. Try again later. %s', 'aiguy-chat');
        return sprintf($text, $answer->problem()['detail']);
    }

    private static function told(bool $removed, bool $retained, array $messages, bool $done = true): array
    {
        return ['items_removed' => $removed, 'items_retained' => $retained, 'messages' => $messages, 'done' => $done];
    }
}
