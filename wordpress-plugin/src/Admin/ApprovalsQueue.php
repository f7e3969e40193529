<?php

declare(strict_types=1);

namespace AIGuy\Chat\Admin;

use AIGuy\Chat\Backend;
use AIGuy\Chat\Response;
use AIGuy\Chat\Settings;
use AIGuy\Chat\Tokens;

if (! defined('ABSPATH')) {
    exit;
}

/**
 * What waits for staff, asked from the backend in the name of one of them.
 */
final class ApprovalsQueue
{
    public const PATH = '/api/agent/approvals';

    private const COUNT = 'aiguy_approvals_count';
    private const COUNT_S = 60;
    private const MOST = 50;
    /** A page of the admin area must not wait long for a number. */
    private const COUNT_TIMEOUT_S = 2.0;

    /** The backend's answer: its queue or a problem. */
    public static function ask(\WP_User $user, float $timeout = 10.0): Response
    {
        $path = self::PATH . '?limit=' . self::MOST;
        $answer = Backend::request('GET', $path, Tokens::for_staff($user), null, [], $timeout);
        set_transient(self::COUNT, count(self::cards($answer)), self::COUNT_S);
        return $answer;
    }

    /**
     * How many cards wait; 0 too when the backend does not say. Asked at most once a minute.
     */
    public static function count(\WP_User $user): int
    {
        if (! Settings::is_complete()) {
            return 0;
        }
        $known = get_transient(self::COUNT);
        return false === $known ? count(self::cards(self::ask($user, self::COUNT_TIMEOUT_S))) : (int) $known;
    }

    /** The number is asked for again. */
    public static function forget_count(): void
    {
        delete_transient(self::COUNT);
    }

    /** @return list<array<string, mixed>> The cards of the backend's answer, in words for staff. */
    public static function cards(Response $answer): array
    {
        $cards = $answer->ok() ? (array) ($answer->json()['approvals'] ?? []) : [];
        return array_map([self::class, 'card'], array_values(array_filter($cards, 'is_array')));
    }

    private static function card(array $card): array
    {
        $names = ['conversation_id', 'turn_id', 'digest', 'summary', 'policy', 'reasons', 'approvals', 'decided_by_me',
            'asked_at', 'expires_at', 'channel'];
        $money = $card['money_moved'] ?? null;
        return array_intersect_key($card, array_flip($names)) + [
            'money' => is_array($money) ? self::money((int) $money['amount_minor'], (string) $money['currency']) : '',
            'customer' => self::person((string) ($card['customer'] ?? '')),
            'approved_by' => array_map([self::class, 'person'], array_values((array) ($card['approved_by'] ?? []))),
        ];
    }

    /** A user's name for the subject of their tokens; what is not a subject is a name already. */
    private static function person(string $subject): string
    {
        if (preg_match('/^wp_(\d+)$/D', $subject, $found)) {
            $user = get_userdata((int) $found[1]);
            return $user instanceof \WP_User ? $user->display_name : $subject;
        }
        return str_starts_with($subject, 'guest_') ? __('a guest', 'aiguy-chat') : $subject;
    }

    private static function money(int $minor, string $currency): string
    {
        $digits = match (true) {
            in_array($currency, ['BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF', 'UGX', 'UYI', 'VND',
                'VUV', 'XAF', 'XOF', 'XPF'], true) => 0,
            in_array($currency, ['BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND'], true) => 3,
            in_array($currency, ['CLF', 'UYW'], true) => 4,
            default => 2,
        };
        return number_format_i18n($minor / 10 ** $digits, $digits) . ' ' . $currency;
    }
}
