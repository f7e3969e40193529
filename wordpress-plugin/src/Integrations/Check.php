<?php

declare(strict_types=1);

namespace AIGuy\Chat\Integrations;

if (! defined('ABSPATH')) {
    exit;
}

/**
 * The result of one check: what was looked at, how it is, and what to do about it.
 */
final class Check
{
    public const PASS = 'pass';
    public const WARN = 'warn';
    public const FAIL = 'fail';
    public const SKIP = 'skip';

    private function __construct(
        public readonly string $id,
        public readonly string $label,
        public readonly string $status,
        public readonly string $text
    ) {
    }

    /** All is well. */
    public static function pass(string $id, string $label, string $text): self
    {
        return new self($id, $label, self::PASS, $text);
    }

    /** It works, and should be better. */
    public static function warn(string $id, string $label, string $text): self
    {
        return new self($id, $label, self::WARN, $text);
    }

    /** It does not work. */
    public static function fail(string $id, string $label, string $text): self
    {
        return new self($id, $label, self::FAIL, $text);
    }

    /** It cannot be looked at because of another check's failure. */
    public static function skip(string $id, string $label): self
    {
        return new self($id, $label, self::SKIP, __('Not checked: something before it failed.', 'aiguy-chat'));
    }

    /** The status as a word for people. */
    public function verdict(): string
    {
        return match ($this->status) {
            self::PASS => __('OK', 'aiguy-chat'),
            self::WARN => __('Look at this', 'aiguy-chat'),
            self::FAIL => __('Does not work', 'aiguy-chat'),
            default => __('Not checked', 'aiguy-chat'),
        };
    }

    /** @return array{id: string, label: string, status: string, verdict: string, text: string} */
    public function shown(): array
    {
        return ['id' => $this->id, 'label' => $this->label, 'status' => $this->status, 'verdict' => $this->verdict(),
            'text' => $this->text];
    }
}
