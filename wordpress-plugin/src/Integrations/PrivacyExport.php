<?php

declare(strict_types=1);

namespace AIGuy\Chat\Integrations;

if (! defined('ABSPATH')) {
    exit;
}

/**
 * The backend's export in the form of WordPress's: groups of items, each a list of names and values.
 */
final class PrivacyExport
{
    /**
     * @param array<string, mixed> $told The backend's answer.
     * @return list<array<string, mixed>>
     */
    public static function items(array $told): array
    {
        $items = [];
        foreach ((array) ($told['conversations'] ?? []) as $conversation) {
            $items[] = self::conversation($conversation);
        }
        foreach ((array) ($told['records'] ?? []) as $record) {
            $items[] = self::record($record);
        }
        return $items;
    }

    private static function conversation(array $one): array
    {
        $data = [
            self::pair(__('Begun', 'aiguy-chat'), $one['begun_at'] ?? ''),
            self::pair(__('Name', 'aiguy-chat'), $one['name'] ?? ''),
            self::pair(__('E-mail', 'aiguy-chat'), $one['email'] ?? ''),
        ];
        foreach ((array) ($one['messages'] ?? []) as $message) {
            $who = match ($message['role'] ?? '') {
                'customer' => __('Customer', 'aiguy-chat'),
                'staff' => __('Staff', 'aiguy-chat'),
                default => __('Assistant', 'aiguy-chat'),
            };
            $data[] = self::pair($who . ', ' . ($message['at'] ?? ''), $message['text'] ?? '');
        }
        foreach ((array) ($one['opinions'] ?? []) as $opinion) {
            unset($opinion['turn_id']);
            $data[] = self::pair(__('Opinion', 'aiguy-chat'), $opinion);
        }
        return [
            'group_id' => 'aiguy-conversations', 'group_label' => __('Chat conversations', 'aiguy-chat'),
            'item_id' => (string) ($one['conversation_id'] ?? ''), 'data' => self::filled($data),
        ];
    }

    private static function record(array $one): array
    {
        $data = [
            self::pair(__('Kind', 'aiguy-chat'), ($one['service'] ?? '') . ': ' . ($one['kind'] ?? '')),
            self::pair(__('Date', 'aiguy-chat'), $one['at'] ?? ''),
        ];
        foreach ((array) ($one['fields'] ?? []) as $name => $value) {
            $data[] = self::pair((string) $name, $value);
        }
        return [
            'group_id' => 'aiguy-records', 'group_label' => __('Support records', 'aiguy-chat'),
            'item_id' => ($one['service'] ?? '') . '-' . ($one['id'] ?? ''), 'data' => self::filled($data),
        ];
    }

    private static function pair(string $name, mixed $value): array
    {
        $text = is_scalar($value) || null === $value
            ? (string) $value
            : (string) wp_json_encode($value, JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES);
        // WordPress writes values into its report as HTML.
        return ['name' => esc_html($name), 'value' => nl2br(esc_html($text))];
    }

    private static function filled(array $data): array
    {
        return array_values(array_filter($data, static fn (array $pair): bool => '' !== $pair['value']));
    }
}
