<?php

declare(strict_types=1);

namespace AIGuy\Chat\Admin;

use AIGuy\Chat\Experiment\Counts;

if (! defined('ABSPATH')) {
    exit;
}

/**
 * Chat and contact form side by side: what visitors did with each.
 */
final class Comparison
{
    /** Fewer visitors than this in an arm say nothing. */
    private const ENOUGH = 100;

    /** The table; nothing when no visitor was counted. */
    public static function show(): void
    {
        $sums = self::sums();
        if (0 === $sums['chat']['shown'] + $sums['form']['shown']) {
            echo '<p>' . esc_html__('Nothing was counted yet. Counting begins when some visitors see the chat and others the contact form: choose a number between 1 and 99 under “Visitors who see the chat”.', 'aiguy-chat') . '</p>';
            return;
        }
        $rows = [
            'shown' => __('Visits that saw it', 'aiguy-chat'),
            'used' => __('… and began to use it', 'aiguy-chat'),
            'message' => __('… and sent a message', 'aiguy-chat'),
            'handed_over' => __('… and needed a person', 'aiguy-chat'),
        ];
        echo '<table class="widefat striped aiguy-table"><thead><tr><td></td><th scope="col">';
        echo esc_html__('Chat', 'aiguy-chat') . '</th><th scope="col">' . esc_html__('Contact form', 'aiguy-chat');
        echo '</th></tr></thead><tbody>';
        foreach ($rows as $event => $label) {
            printf('<tr><th scope="row">%s</th>', esc_html($label));
            foreach (Counts::ARMS as $arm) {
                printf('<td>%s</td>', esc_html(self::cell($sums[$arm], $event)));
            }
            echo '</tr>';
        }
        echo '</tbody></table><p>' . esc_html__('Of the last 90 days. With the chat, few who need a person are a good sign: the others got their answer at once. Every message of the contact form needs a person.', 'aiguy-chat') . '</p>';
        if (min($sums['chat']['shown'], $sums['form']['shown']) < self::ENOUGH) {
            echo '<p><strong>' . esc_html__('These are too few visits to compare: differences may be chance.', 'aiguy-chat') . '</strong></p>';
        }
    }

    /** @return array<string, array<string, int>> By arm and event. */
    private static function sums(): array
    {
        $sums = array_fill_keys(Counts::ARMS, array_fill_keys(Counts::EVENTS, 0));
        foreach (Counts::by_day() as $arms) {
            foreach ($arms as $arm => $events) {
                foreach ($events as $event => $count) {
                    $sums[$arm][$event] = ($sums[$arm][$event] ?? 0) + $count;
                }
            }
        }
        return $sums;
    }

    /** @param array<string, int> $sums */
    private static function cell(array $sums, string $event): string
    {
        $count = number_format_i18n($sums[$event]);
        if ('shown' === $event || 0 === $sums['shown']) {
            return $count;
        }
        return $count . ' (' . number_format_i18n(100 * $sums[$event] / $sums['shown'], 1) . ' %)';
    }
}
