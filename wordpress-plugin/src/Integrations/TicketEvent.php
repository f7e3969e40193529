<?php

declare(strict_types=1);

namespace AIGuy\Chat\Integrations;

if (! defined('ABSPATH')) {
    exit;
}

/**
 * Something that happened to a ticket, in words. All texts are one line, without control characters, and bounded.
 */
final class TicketEvent
{
    public const TYPES = ['ticket.created', 'ticket.handed_over', 'ticket.sla_soon', 'ticket.sla_missed'];

    private const LONGEST = 200;

    /** @param array<string, string> $data */
    private function __construct(
        public readonly string $id,
        public readonly string $type,
        public readonly array $data
    ) {
    }

    /** Null when it is no event that is known here. */
    public static function of(string $id, mixed $content): ?self
    {
        $type = is_array($content) ? $content['type'] ?? null : null;
        $data = is_array($content) ? $content['data'] ?? null : null;
        if (! in_array($type, self::TYPES, true) || ! is_array($data)) {
            return null;
        }
        $names = ['ticket_id', 'number', 'topic', 'priority', 'queue', 'subject', 'first_reply_due'];
        $texts = [];
        foreach ($names as $name) {
            $texts[$name] = is_scalar($data[$name] ?? null) ? self::line((string) $data[$name]) : '';
        }
        return new self($id, $type, $texts);
    }

    /** The event as it is stored. */
    public function stored(): array
    {
        return ['id' => $this->id, 'type' => $this->type, 'data' => $this->data];
    }

    /** What happened, in one sentence. */
    public function sentence(): string
    {
        $number = '' !== $this->data['number'] ? $this->data['number'] : $this->data['ticket_id'];
        $sentence = match ($this->type) {
            /* translators: %s: the ticket's number */
            'ticket.created' => __('New ticket %s.', 'aiguy-chat'),
            /* translators: %s: the ticket's number */
            'ticket.handed_over' => __('A customer waits for a person: ticket %s.', 'aiguy-chat'),
            /* translators: %s: the ticket's number */
            'ticket.sla_soon' => __('Ticket %s has to be answered soon.', 'aiguy-chat'),
            /* translators: %s: the ticket's number */
            default => __('Ticket %s was not answered in time.', 'aiguy-chat'),
        };
        return sprintf($sentence, $number);
    }

    /** @return list<string> What is known of the ticket: lines `name: value`. */
    public function facts(): array
    {
        $due = strtotime($this->data['first_reply_due']);
        $format = get_option('date_format') . ' ' . get_option('time_format');
        $facts = [
            __('Subject', 'aiguy-chat') => $this->data['subject'],
            __('Topic', 'aiguy-chat') => $this->data['topic'],
            __('Priority', 'aiguy-chat') => $this->data['priority'],
            __('Queue', 'aiguy-chat') => $this->data['queue'],
            __('First answer due', 'aiguy-chat') => false === $due ? '' : (string) wp_date($format, $due),
        ];
        $lines = [];
        foreach (array_filter($facts, static fn (string $fact): bool => '' !== $fact) as $name => $fact) {
            $lines[] = "$name: $fact";
        }
        return $lines;
    }

    private static function line(string $text): string
    {
        return mb_substr(trim((string) preg_replace('/[\s\p{C}]+/u', ' ', $text)), 0, self::LONGEST);
    }
}
