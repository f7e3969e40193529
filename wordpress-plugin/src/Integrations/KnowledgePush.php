<?php

declare(strict_types=1);

namespace AIGuy\Chat\Integrations;

use AIGuy\Chat\Backend;
use AIGuy\Chat\Keys;
use AIGuy\Chat\Lock;
use AIGuy\Chat\Response;
use AIGuy\Chat\Settings;
use AIGuy\Chat\Tokens;

if (! defined('ABSPATH')) {
    exit;
}

/**
 * Tells the knowledge base of the backend what waits in the queue: new texts, and addresses that are not public.
 */
final class KnowledgePush
{
    public const STATE = 'aiguy_push_state';
    public const SCOPE = 'kb.ingest';
    public const BATCH = 20;

    private const PATH = '/api/agent/knowledge/documents';
    private const SOURCE = 'wordpress';
    private const TIMEOUT_S = 60.0;
    /** The front door takes bodies of 1 MiB. */
    private const MOST_BYTES = 700000;
    /** Seconds: longer than a batch takes when all that can be slow is slow. */
    private const LOCK_S = 600;
    /** Seconds for posts one by one, and how many of them may fail before the backend itself is taken to be ill. */
    private const SINGLE_S = 60;
    private const MOST_FAILED = 2;
    private const FIRST_WAIT_S = 60;
    private const LONGEST_WAIT_S = 3600;
    private const MOST_REFUSED = 20;
    private const NEVER = ['failures' => 0, 'error' => '', 'retry_at' => 0, 'done_at' => 0, 'refused' => []];

    /**
     * How it goes: `failures` in a row, the last `error` and when it is tried again (`retry_at`, Unix time), when a push
     * last succeeded (`done_at`), and what was `refused`: post id => {title, why}.
     *
     * @return array{failures: int, error: string, retry_at: int, done_at: int, refused: array<int, array<string, string>>}
     */
    public static function state(): array
    {
        $stored = get_option(self::STATE);
        return (is_array($stored) ? $stored : []) + self::NEVER;
    }

    /** Forgets what was refused and why it failed: everything is tried again. */
    public static function reset(): void
    {
        update_option(self::STATE, ['done_at' => self::state()['done_at']] + self::NEVER, false);
    }

    /**
     * Pushes one batch of the queue, unless somebody else does. True when something was told, or nothing waited; false when
     * it has to be tried again.
     */
    public static function run(): bool
    {
        $lock = Lock::take('push', self::LOCK_S);
        if (null === $lock) {
            return false;
        }
        try {
            Settings::read_anew();
            return self::push();
        } finally {
            $lock->release();
        }
    }

    private static function push(): bool
    {
        $due = KnowledgeQueue::hidden(self::BATCH);
        $due = [] === $due ? KnowledgeQueue::next(self::BATCH) : $due;
        if ([] === $due) {
            return true;
        }
        $batch = self::batch($due);
        $failure = self::tell($batch);
        if (null === $failure) {
            return true;
        }
        if (count($due) > 1 && self::may_be_one($failure)) {
            return self::one_by_one($due);
        }
        return 1 === count($due) ? self::settle_alone($batch, $failure) : self::failed($failure);
    }

    /** Whether one post may be the cause, which must not keep the others out. */
    private static function may_be_one(Response $failure): bool
    {
        $ill = 0 === $failure->status || $failure->status >= 500;
        return in_array($failure->status, [403, 413, 422], true) || ($ill && self::state()['failures'] > 0);
    }

    /** Each for itself. True when something was told. */
    private static function one_by_one(array $due): bool
    {
        $end = time() + self::SINGLE_S;
        $told = $failed = 0;
        foreach ($due as $post_id => $mark) {
            $batch = self::batch([$post_id => $mark]);
            $failure = self::tell($batch);
            $is_told = null === $failure || self::settle_alone($batch, $failure);
            $told += $is_told ? 1 : 0;
            $failed += $is_told ? 0 : 1;
            if ($failed >= self::MOST_FAILED || time() >= $end) {
                break;
            }
        }
        return $told > 0;
    }

    /** A document that is refused is done with; anything else is tried again, after all others. */
    private static function settle_alone(KnowledgeBatch $batch, Response $failure): bool
    {
        $marks = $batch->marks();
        $post_id = (int) array_key_first($marks);
        if ([] === $batch->removed() && self::is_about_the_document($failure)) {
            $refused = [$post_id => self::reason($failure)];
            $batch->settle($refused);
            self::succeeded($batch, $refused);
            return true;
        }
        KnowledgeQueue::postpone($post_id, $marks[$post_id]);
        return self::failed($failure);
    }

    /** What is sent for these posts. */
    private static function batch(array $due): KnowledgeBatch
    {
        $batch = new KnowledgeBatch();
        foreach ($due as $post_id => $mark) {
            if ($batch->bytes < self::MOST_BYTES) {
                $batch->add((int) $post_id, $mark);
            }
        }
        return $batch;
    }

    /** Tells the removals, then the documents, and remembers what was told. Null, or what went wrong. */
    private static function tell(KnowledgeBatch $batch): ?Response
    {
        $answer = self::send([], $batch->removed());
        if (null !== $answer && ! $answer->ok()) {
            return $answer;
        }
        $batch->removals_told();
        $answer = self::send($batch->documents(), []);
        if (null !== $answer && ! $answer->ok()) {
            return $answer;
        }
        $refused = $batch->unfit + (null === $answer ? [] : self::refused_by($answer, $batch));
        Settings::read_anew();
        $batch->settle($refused);
        self::succeeded($batch, $refused);
        return null;
    }

    /** Null when there is nothing to say. */
    private static function send(array $documents, array $removed): ?Response
    {
        if ([] === $documents && [] === $removed) {
            return null;
        }
        $body = ['documents' => $documents, 'source' => self::SOURCE, 'remove' => $removed];
        return Backend::request('POST', self::PATH, Tokens::for_site([self::SCOPE]), $body, [], self::TIMEOUT_S);
    }

    /** A token that is not believed is refused with a code of its own; what the firewall stops has the plain one. */
    private static function is_about_the_document(Response $answer): bool
    {
        $code = $answer->problem()['code'];
        return in_array($answer->status, [413, 422], true) || (403 === $answer->status && 'forbidden' === $code);
    }

    /** @return array<int, string> Post id => why the knowledge base did not take it. */
    private static function refused_by(Response $answer, KnowledgeBatch $batch): array
    {
        $refused = [];
        foreach ((array) ($answer->json()['results'] ?? []) as $result) {
            $post_id = $batch->post_of((string) ($result['url'] ?? ''));
            if (null !== $post_id && 'failed' === ($result['action'] ?? '')) {
                $refused[$post_id] = (string) ($result['detail'] ?? '');
            }
        }
        return $refused;
    }

    private static function failed(Response $answer): bool
    {
        $state = self::state();
        ++$state['failures'];
        $wait = min(self::FIRST_WAIT_S * 2 ** ($state['failures'] - 1), self::LONGEST_WAIT_S);
        $state['error'] = self::reason($answer);
        $state['retry_at'] = time() + (int) $wait;
        update_option(self::STATE, $state, false);
        return false;
    }

    private static function succeeded(KnowledgeBatch $batch, array $refused): void
    {
        $state = self::state();
        $state['failures'] = 0;
        $state['error'] = '';
        $state['retry_at'] = 0;
        $state['done_at'] = time();
        $state['refused'] = array_diff_key($state['refused'], $batch->marks());
        foreach ($refused as $post_id => $why) {
            $state['refused'][$post_id] = ['title' => get_the_title($post_id), 'why' => $why];
        }
        $state['refused'] = array_slice($state['refused'], -self::MOST_REFUSED, null, true);
        update_option(self::STATE, $state, false);
    }

    private static function reason(Response $answer): string
    {
        if (401 === $answer->status) {
            return __('The backend does not know this site’s signature. The connection test says what to do.', 'aiguy-chat');
        }
        if (! Keys::usable()) {
            return Keys::trouble();
        }
        $problem = $answer->problem();
        return $answer->status . ' ' . $problem['code'] . ': ' . $problem['detail'];
    }
}
