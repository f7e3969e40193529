<?php

declare(strict_types=1);

namespace AIGuy\Chat\Integrations;

use AIGuy\Chat\Backend;
use AIGuy\Chat\Keys;
use AIGuy\Chat\Outage;
use AIGuy\Chat\Plugin;
use AIGuy\Chat\Response;
use AIGuy\Chat\Settings;
use AIGuy\Chat\Tokens;
use AIGuy\Chat\Visitor;

if (! defined('ABSPATH')) {
    exit;
}

/**
 * Whether site and backend understand each other, step by step. The settings page, Site Health and WP-CLI show the same.
 */
final class ConnectionChecks
{
    /** Seconds by which the two clocks may differ: tokens live for five minutes, and none is believed early. */
    public const MOST_SKEW_S = 15;

    private const TIMEOUT_S = 8.0;
    /** Names that nobody has: a believed token is answered with 404. */
    private const NO_CONVERSATION = '/api/agent/conversations/cnv_00000000000000000000000000000000';
    private const NO_REQUEST = '/api/agent/privacy/requests/prv_00000000000000000000000000000000';

    /** @return list<Check> */
    public static function all(): array
    {
        Outage::end();
        $checks = [self::php(), self::address(), $key = self::key()];
        if (Check::FAIL === $key->status) {
            return $checks;
        }
        $checks[] = self::key_list();
        if (! Settings::is_complete()) {
            return $checks;
        }
        $alive = Backend::request('GET', '/livez', '', null, [], self::TIMEOUT_S);
        $checks[] = self::reachable($alive);
        if (! $alive->ok()) {
            return [
                ...$checks,
                Check::skip('api', self::label('api')),
                Check::skip('clock', self::label('clock')),
                Check::skip('visitor_token', self::label('visitor_token')),
                Check::skip('site_token', self::label('site_token')),
            ];
        }
        return [...$checks, self::api(), self::clock($alive), self::visitor_token(), self::site_token()];
    }

    /** Whether all that is needed works: warnings do not count. */
    public static function passed(array $checks): bool
    {
        return ! in_array(Check::FAIL, array_map(static fn (Check $check): string => $check->status, $checks), true);
    }

    /** Whether PHP has what is needed. */
    public static function php(): Check
    {
        $label = self::label('php');
        if (! extension_loaded('sodium')) {
            return Check::warn('php', $label, __(
                'PHP has no sodium extension. WordPress’s own replacement signs instead, more slowly.',
                'aiguy-chat'
            ));
        }
        if (! Backend::can_stream()) {
            return Check::warn('php', $label, __(
                'PHP has no curl extension: answers appear all at once. Ask your host to switch curl on.',
                'aiguy-chat'
            ));
        }
        return Check::pass('php', $label, __('PHP has sodium and curl.', 'aiguy-chat'));
    }

    /** Whether the backend's address is set, and safe. */
    public static function address(): Check
    {
        $label = self::label('address');
        $url = (string) Settings::get('backend_url');
        if ('' === $url) {
            return Check::fail('address', $label, __('Enter the backend’s address in the settings.', 'aiguy-chat'));
        }
        $parts = wp_parse_url($url);
        $is_local = in_array($parts['host'] ?? '', ['localhost', '127.0.0.1', '[::1]'], true);
        if ('https' !== ($parts['scheme'] ?? '') && ! $is_local) {
            return Check::warn('address', $label, __(
                'The address begins with http://. What customers write can be read on its way: use https://.',
                'aiguy-chat'
            ));
        }
        return Check::pass('address', $label, $url);
    }

    /** Whether there is a key to sign with. */
    public static function key(): Check
    {
        $label = self::label('key');
        return Keys::usable() ? Check::pass('key', $label, Keys::shown()) : Check::fail('key', $label, Keys::trouble());
    }

    /** Whether the world, and so the backend, finds the key that this site signs with. */
    public static function key_list(): Check
    {
        $label = self::label('key_list');
        $url = self::jwks_url();
        $answer = wp_remote_get($url, ['timeout' => self::TIMEOUT_S, 'redirection' => 0]);
        if (is_wp_error($answer)) {
            /* translators: 1: an address, 2: an error message in English */
            $text = __('%1$s cannot be reached from here: %2$s', 'aiguy-chat');
            return Check::fail('key_list', $label, sprintf($text, $url, $answer->get_error_message()));
        }
        $list = json_decode(wp_remote_retrieve_body($answer), true);
        $kids = is_array($list) ? array_column((array) ($list['keys'] ?? []), 'kid') : [];
        if (! in_array(Keys::active()['kid'], $kids, true)) {
            $status = (string) wp_remote_retrieve_response_code($answer);
            /* translators: 1: an address, 2: an HTTP status such as 404 */
            $text = __(
                '%1$s does not show the key of this site (status %2$s). Let a security or cache plugin leave this address alone.',
                'aiguy-chat'
            );
            return Check::fail('key_list', $label, sprintf($text, $url, $status));
        }
        return Check::pass('key_list', $label, $url);
    }

    /** The address of this site's key list. */
    public static function jwks_url(): string
    {
        return rest_url(Plugin::REST_NAMESPACE . '/jwks');
    }

    /** The entry for the backend's issuers file, as JSON. */
    public static function issuers_entry(): string
    {
        $entry = [['iss' => Settings::get('issuer'), 'jwks_url' => self::jwks_url()]];
        return (string) wp_json_encode($entry, JSON_UNESCAPED_SLASHES | JSON_PRETTY_PRINT);
    }

    private static function reachable(Response $alive): Check
    {
        $label = self::label('reachable');
        if (0 === $alive->status) {
            /* translators: %s: an error message in English */
            $text = __('There is no answer: %s Is the address right, and does a firewall let this site out?', 'aiguy-chat');
            return Check::fail('reachable', $label, sprintf($text, self::sentence((string) $alive->error)));
        }
        if (! $alive->ok()) {
            /* translators: %s: an HTTP status such as 404 */
            $text = __('Something answers there with status %s, but it is not the backend. Check the address.', 'aiguy-chat');
            return Check::fail('reachable', $label, sprintf($text, (string) $alive->status));
        }
        return Check::pass('reachable', $label, __('The backend answers.', 'aiguy-chat'));
    }

    private static function api(): Check
    {
        $label = self::label('api');
        $answer = Backend::request('GET', '/openapi.json', '', null, [], self::TIMEOUT_S);
        if (! isset($answer->json()['paths']['/api/agent/messages'])) {
            return Check::fail('api', $label, __(
                'What answers there is not the support agent, or a version that does not fit. Check the address.',
                'aiguy-chat'
            ));
        }
        return Check::pass('api', $label, __('It is the support agent.', 'aiguy-chat'));
    }

    private static function clock(Response $alive): Check
    {
        $label = self::label('clock');
        $there = strtotime($alive->headers['date'] ?? '');
        if (false === $there) {
            return Check::warn('clock', $label, __('The backend does not tell its time.', 'aiguy-chat'));
        }
        $skew = time() - $there;
        if (abs($skew) > self::MOST_SKEW_S) {
            /* translators: %s: a number of seconds */
            $text = __('The clocks differ by %s seconds, and signatures are refused. Ask your host to set the clock.', 'aiguy-chat');
            return Check::fail('clock', $label, sprintf($text, number_format_i18n(abs($skew))));
        }
        return Check::pass('clock', $label, __('The clocks agree.', 'aiguy-chat'));
    }

    private static function visitor_token(): Check
    {
        $token = Tokens::for_visitor(Visitor::current());
        return self::believed('visitor_token', Backend::request('GET', self::NO_CONVERSATION, $token, null, [], self::TIMEOUT_S));
    }

    private static function site_token(): Check
    {
        $token = Tokens::for_site([Privacy::SCOPE]);
        return self::believed('site_token', Backend::request('GET', self::NO_REQUEST, $token, null, [], self::TIMEOUT_S));
    }

    private static function believed(string $id, Response $answer): Check
    {
        $label = self::label($id);
        if (404 === $answer->status) {
            return Check::pass($id, $label, __('The signature is believed.', 'aiguy-chat'));
        }
        if (401 === $answer->status) {
            return Check::fail($id, $label, __(
                'The backend does not believe this site’s signature. Copy the entry from “Technical details” in the settings into its issuers file, start it again, and see to it that it reaches this site.',
                'aiguy-chat'
            ));
        }
        $problem = $answer->problem();
        /* translators: 1: an HTTP status, 2: the backend's words */
        $text = __('The backend answers with status %1$s: %2$s', 'aiguy-chat');
        return Check::fail($id, $label, sprintf($text, (string) $answer->status, $problem['detail']));
    }

    private static function label(string $id): string
    {
        return match ($id) {
            'php' => __('PHP', 'aiguy-chat'),
            'address' => __('Address of the backend', 'aiguy-chat'),
            'key' => __('Key of this site', 'aiguy-chat'),
            'key_list' => __('Public key of this site', 'aiguy-chat'),
            'reachable' => __('Backend reachable', 'aiguy-chat'),
            'api' => __('Kind of the backend', 'aiguy-chat'),
            'clock' => __('Clocks', 'aiguy-chat'),
            'visitor_token' => __('Signature for visitors', 'aiguy-chat'),
            default => __('Signature for the site', 'aiguy-chat'),
        };
    }

    private static function sentence(string $text): string
    {
        return rtrim($text, '.') . '.';
    }
}
