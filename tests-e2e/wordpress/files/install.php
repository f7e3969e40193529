<?php
// Installs WordPress as its own first page would: php install.php <folder>, what is wanted as JSON on standard input.
$wanted = json_decode( stream_get_contents( STDIN ), true );
$_SERVER['HTTP_HOST'] = wp_parse_host( $wanted['url'] );
define( 'WP_INSTALLING', true );
require $argv[1] . '/wp-load.php';
require_once ABSPATH . 'wp-admin/includes/upgrade.php';
ob_start();
wp_install( $wanted['title'], $wanted['login'], $wanted['email'], true, '', $wanted['password'] );
// Nobody's picture is fetched from elsewhere.
update_option( 'show_avatars', 0 );
// WooCommerce brings these two; the tests have no WooCommerce.
add_role( 'customer', 'Customer', array( 'read' => true ) );
add_role( 'shop_manager', 'Shop manager', get_role( 'editor' )->capabilities );
foreach ( $wanted['users'] as $user ) {
	$made = wp_insert_user( $user );
	if ( is_wp_error( $made ) ) {
		fwrite( STDERR, $made->get_error_message() );
		exit( 1 );
	}
}
ob_end_clean();

function wp_parse_host( string $url ): string {
	return parse_url( $url, PHP_URL_HOST ) . ':' . parse_url( $url, PHP_URL_PORT );
}
