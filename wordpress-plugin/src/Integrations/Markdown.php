<?php

declare(strict_types=1);

namespace AIGuy\Chat\Integrations;

if (! defined('ABSPATH')) {
    exit;
}

/**
 * One walk over the document: headings, paragraphs, lists, tables and code stay; all else is its text.
 */
final class Markdown
{
    /** What is never text of the page, or is the plugin's own. */
    private const DROPPED = [
        'script', 'style', 'noscript', 'template', 'iframe', 'object', 'embed', 'svg', 'canvas', 'img', 'picture',
        'video', 'audio', 'form', 'button', 'input', 'select', 'textarea', 'nav', 'aiguy-chat', 'head',
    ];
    private const BLOCKS = [
        'p', 'div', 'section', 'article', 'aside', 'main', 'header', 'footer', 'figure', 'figcaption', 'address',
        'blockquote', 'dl', 'dt', 'dd', 'details', 'hr', 'fieldset', 'center', 'body',
    ];

    /** @var string[] Blocks that are done. */
    private array $blocks = [];

    /** Text of the block that is being read. */
    private string $text = '';

    /**
     * The Markdown of a piece of HTML; plain text where PHP has no DOM extension.
     */
    public static function of(string $html): string
    {
        if (! class_exists(\DOMDocument::class)) {
            return trim(html_entity_decode(wp_strip_all_tags($html), ENT_QUOTES | ENT_HTML5, 'UTF-8'));
        }
        $document = new \DOMDocument();
        $before   = libxml_use_internal_errors(true);
        $document->loadHTML('<?xml encoding="UTF-8"><body>' . $html . '</body>', LIBXML_NONET | LIBXML_NOERROR);
        libxml_clear_errors();
        libxml_use_internal_errors($before);
        $body = $document->getElementsByTagName('body')->item(0);
        if (null === $body) {
            return '';
        }
        $self = new self();
        $self->children($body);
        $self->flush();
        return implode("\n\n", $self->blocks);
    }

    private function children(\DOMNode $node): void
    {
        foreach ($node->childNodes as $child) {
            $this->node($child);
        }
    }

    private function node(\DOMNode $node): void
    {
        if ($node instanceof \DOMText) {
            $this->text .= $node->data;
            return;
        }
        if (! $node instanceof \DOMElement || self::is_dropped($node)) {
            return;
        }
        $name = $node->tagName;
        if (preg_match('/^h([1-6])$/', $name, $level) || 'summary' === $name) {
            $this->block(str_repeat('#', (int) ($level[1] ?? 3)) . ' ' . self::line($node->textContent));
        } elseif ('ul' === $name || 'ol' === $name) {
            $this->block(implode("\n", self::items($node, 0)));
        } elseif ('table' === $name) {
            $this->block(self::table($node));
        } elseif ('pre' === $name) {
            $this->block("```\n" . trim($node->textContent, "\n") . "\n```");
        } elseif ('br' === $name) {
            $this->text .= ' ';
        } elseif (in_array($name, self::BLOCKS, true)) {
            $this->flush();
            $this->children($node);
            $this->flush();
        } else {
            $this->children($node);
        }
    }

    /**
     * The lines of a list; a list inside is indented by two spaces.
     *
     * @return string[]
     */
    private static function items(\DOMElement $items, int $depth): array
    {
        $lines  = [];
        $number = 0;
        foreach ($items->childNodes as $item) {
            if (! $item instanceof \DOMElement || 'li' !== $item->tagName) {
                continue;
            }
            $inner = [];
            $text  = '';
            foreach ($item->childNodes as $part) {
                if ($part instanceof \DOMElement && in_array($part->tagName, ['ul', 'ol'], true)) {
                    $inner = array_merge($inner, self::items($part, min($depth + 1, 6)));
                } elseif (! $part instanceof \DOMElement || ! self::is_dropped($part)) {
                    $text .= ' ' . $part->textContent;
                }
            }
            ++$number;
            $mark    = 'ol' === $items->tagName ? "$number." : '-';
            $lines[] = str_repeat('  ', $depth) . $mark . ' ' . self::line($text);
            $lines   = array_merge($lines, $inner);
        }
        return $lines;
    }

    private static function table(\DOMElement $table): string
    {
        $lines = [];
        foreach ($table->getElementsByTagName('tr') as $row) {
            $cells = [];
            foreach ($row->childNodes as $cell) {
                if ($cell instanceof \DOMElement && in_array($cell->tagName, ['td', 'th'], true)) {
                    $cells[] = str_replace('|', '\|', self::line($cell->textContent));
                }
            }
            if ([] === $cells) {
                continue;
            }
            $lines[] = '| ' . implode(' | ', $cells) . ' |';
            if (1 === count($lines)) {
                $lines[] = '|' . str_repeat(' --- |', count($cells));
            }
        }
        return implode("\n", $lines);
    }

    private static function is_dropped(\DOMElement $element): bool
    {
        return in_array($element->tagName, self::DROPPED, true)
            || $element->hasAttribute('hidden')
            || 'true' === $element->getAttribute('aria-hidden')
            || 1 === preg_match('/display\s*:\s*none|visibility\s*:\s*hidden/i', $element->getAttribute('style'));
    }

    private static function line(string $text): string
    {
        return trim((string) preg_replace('/\s+/u', ' ', $text));
    }

    private function block(string $block): void
    {
        $this->flush();
        if ('' !== trim($block, "#-| \n")) {
            $this->blocks[] = $block;
        }
    }

    private function flush(): void
    {
        $text       = self::line($this->text);
        $this->text = '';
        if ('' !== $text) {
            $this->blocks[] = $text;
        }
    }
}
