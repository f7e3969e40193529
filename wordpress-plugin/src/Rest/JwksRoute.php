<?php

declare(strict_types=1);

namespace AIGuy\Chat\Rest;

use AIGuy\Chat\Keys;
use AIGuy\Chat\Plugin;

if (! defined('ABSPATH')) {
    exit;
}

/**
 * `GET /jwks`: the public keys with which the backend knows our tokens.
 */
final class JwksRoute
{
    /** Adds the route. Everybody may read it. */
    public function register(): void
    {
        add_action('rest_api_init', static function (): void {
            register_rest_route(Plugin::REST_NAMESPACE, '/jwks', [
                'methods' => 'GET',
                'callback' => [self::class, 'keys'],
                'permission_callback' => static fn (): bool|\WP_Error => Keys::usable() ? true : Gate::unusable(),
                'show_in_index' => false,
            ]);
        });
    }

    /** The key list; caches may keep it for less time than a next key is known before it signs. */
    public static function keys(): \WP_REST_Response
    {
        $response = new \WP_REST_Response(Keys::jwks());
        $response->header('Cache-Control', 'public, max-age=300');
        return $response;
    }
}
