<?php

declare(strict_types=1);

namespace AIGuy\Chat\Integrations;

if (! defined('ABSPATH')) {
    exit;
}

/**
 * Some posts of the queue, sorted into what is to be said of them: a document, a removal, both, or nothing.
 */
final class KnowledgeBatch
{
    /** Attempts to put a text together in which PHP ended, after which there is no other. */
    private const MOST_BEGUN = 2;

    /** Size of the documents' texts. */
    public int $bytes = 0;

    /** @var array<int, string> Post id => why it cannot be a document. */
    public array $unfit = [];

    /** @var array<int, string> Post id => its mark in the queue. */
    private array $marks = [];

    /** @var array<int, array<string, mixed>> Post id => document. */
    private array $documents = [];

    /** @var array<int, string> Post id => address that the knowledge base has and that is not public. */
    private array $removed = [];

    /** Takes a post of the queue as it is at this moment. */
    public function add(int $post_id, string $mark): void
    {
        KnowledgeQueue::read_anew($post_id);
        $this->marks[$post_id] = $mark;
        $known = KnowledgeQueue::pushed_url($post_id);
        $document = self::document($post_id, $known);
        if (is_array($document) && null === $this->post_of($document['url'])) {
            $this->documents[$post_id] = $document;
            $this->bytes += strlen((string) wp_json_encode($document));
        } elseif (is_string($document)) {
            $this->unfit[$post_id] = $document;
        }
        if ('' !== $known && ($this->documents[$post_id]['url'] ?? '') !== $known) {
            $this->removed[$post_id] = $known;
        }
    }

    /** The document of a post, words that say why there is none, or null where none is wanted. */
    private static function document(int $post_id, string $known): array|string|null
    {
        $post = get_post($post_id);
        if (! KnowledgeDocument::wanted($post)) {
            return null;
        }
        if (KnowledgeQueue::begin($post_id) >= self::MOST_BEGUN) {
            return __('PHP ended each time when its text was put together. A plugin that this page uses may be the cause.', 'aiguy-chat');
        }
        $document = KnowledgeDocument::of($post);
        KnowledgeQueue::came_back($post_id);
        // What other plugins hide only shows when the page is asked for.
        $hidden = is_array($document) && $document['url'] !== $known ? KnowledgeDocument::hidden($document['url']) : '';
        return '' === $hidden ? $document : $hidden;
    }

    /** @return list<array<string, mixed>> */
    public function documents(): array
    {
        return array_values($this->documents);
    }

    /** @return list<string> An address that another post has taken over stays. */
    public function removed(): array
    {
        return array_values(array_diff(array_unique($this->removed), array_column($this->documents, 'url')));
    }

    /** @return array<int, string> Post id => its mark in the queue. */
    public function marks(): array
    {
        return $this->marks;
    }

    /** The post whose document has this address. */
    public function post_of(string $url): ?int
    {
        $found = array_search($url, array_map(static fn (array $one): string => $one['url'], $this->documents), true);
        return false === $found ? null : $found;
    }

    /** The removals were told. Posts of which nothing else is to be said are done. */
    public function removals_told(): void
    {
        foreach (array_intersect($this->removed, $this->removed()) as $post_id => $url) {
            KnowledgeQueue::set_pushed_url($post_id, '');
            unset($this->removed[$post_id]);
            if (! isset($this->documents[$post_id]) && ! isset($this->unfit[$post_id])) {
                KnowledgeQueue::done($post_id, $this->marks[$post_id]);
            }
        }
    }

    /**
     * The documents were told: the queue forgets the posts, and remembers under which address each is known. Who was hidden
     * in the meantime waits again.
     *
     * @param array<int, string> $refused Post id => why its document was not taken.
     */
    public function settle(array $refused): void
    {
        $taken = array_diff_key($this->documents, $refused);
        $urls = array_column($taken, 'url');
        foreach ($this->marks as $post_id => $mark) {
            if (isset($taken[$post_id])) {
                KnowledgeQueue::set_pushed_url($post_id, $taken[$post_id]['url']);
            } elseif (isset($this->removed[$post_id]) && in_array($this->removed[$post_id], $urls, true)) {
                KnowledgeQueue::set_pushed_url($post_id, '');
            } elseif (isset($this->removed[$post_id])) {
                continue;
            }
            KnowledgeQueue::done($post_id, $mark);
        }
        foreach (array_keys($taken) as $post_id) {
            KnowledgeQueue::read_anew($post_id);
            if (! KnowledgeDocument::wanted(get_post($post_id))) {
                KnowledgeQueue::add($post_id);
            }
        }
    }
}
