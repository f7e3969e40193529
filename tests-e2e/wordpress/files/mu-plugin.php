<?php
/**
 * Plugin Name: What tests change
 * Description: Mail goes into a file, or fails while test_mail_fails is set, and nonces live as long as the option test_nonce_life says.
 */

add_filter(
	'pre_wp_mail',
	static function ( $sent, array $mail ): bool {
		if ( get_option( 'test_mail_fails' ) ) {
			return false;
		}
		file_put_contents( dirname( ABSPATH ) . '/mails.jsonl', wp_json_encode( $mail ) . "\n", FILE_APPEND | LOCK_EX );
		return true;
	},
	10,
	2
);
add_filter( 'nonce_life', static fn ( int $life ): int => (int) get_option( 'test_nonce_life', $life ) );
