<?php

declare(strict_types=1);

namespace AIGuy\Chat\Integrations;

if (! defined('ABSPATH')) {
    exit;
}

/**
 * The newest ticket events, and the ids of those that came before: nothing is told twice.
 */
final class TicketNotices
{
    public const OPTION = 'aiguy_ticket_notices';

    private const MOST_NOTICES = 20;
    private const MOST_IDS = 1000;

    /** Keeps the event. False when one with this id was here before. */
    public static function add(TicketEvent $event): bool
    {
        $kept = self::kept();
        if (in_array($event->id, $kept['ids'], true)) {
            return false;
        }
        $kept['ids'] = array_slice([...$kept['ids'], $event->id], -self::MOST_IDS);
        $notice = $event->stored() + ['at' => time(), 'mailed' => true];
        $kept['notices'] = array_slice([...$kept['notices'], $notice], -self::MOST_NOTICES);
        update_option(self::OPTION, $kept, false);
        return true;
    }

    /** The e-mail about this event could not be sent: its notice says so. */
    public static function mail_failed(string $id): void
    {
        $kept = self::kept();
        foreach ($kept['notices'] as $index => $notice) {
            $kept['notices'][$index]['mailed'] = $notice['id'] === $id ? false : $notice['mailed'];
        }
        update_option(self::OPTION, $kept, false);
    }

    /** @return list<array{id: string, type: string, data: array<string, string>, at: int, mailed: bool}> Newest first. */
    public static function all(): array
    {
        return array_reverse(self::kept()['notices']);
    }

    private static function kept(): array
    {
        $kept = get_option(self::OPTION);
        return (is_array($kept) ? $kept : []) + ['ids' => [], 'notices' => []];
    }
}
