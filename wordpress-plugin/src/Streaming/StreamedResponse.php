<?php

declare(strict_types=1);

namespace AIGuy\Chat\Streaming;

if (! defined('ABSPATH')) {
    exit;
}

/**
 * An answer that is written as it comes: `Rest\Door` calls `serve()` after the last headers of WordPress.
 */
final class StreamedResponse extends \WP_REST_Response
{
    public function __construct(private readonly \Closure $served)
    {
        parent::__construct(null, 200);
    }

    /** Writes the answer, headers first. */
    public function serve(): void
    {
        ($this->served)();
    }
}
