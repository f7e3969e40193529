<?php
// Runs code of a test inside WordPress: php run.php <folder>, {"code", "arguments", "as", "url"} on standard input.
// What the code returns is printed as JSON; what it printed goes to standard error.
$told = json_decode( stream_get_contents( STDIN ), true );
$_SERVER['HTTP_HOST'] = parse_url( $told['url'], PHP_URL_HOST ) . ':' . parse_url( $told['url'], PHP_URL_PORT );
$_SERVER['REQUEST_URI'] = '/';
$_SERVER['REQUEST_METHOD'] = 'GET';
$_SERVER['REMOTE_ADDR'] = '127.0.0.1';
ob_start();
require $argv[1] . '/wp-load.php';
require_once ABSPATH . 'wp-admin/includes/admin.php';
if ( $told['as'] ) {
	wp_set_current_user( get_user_by( 'login', $told['as'] )->ID );
}
$run = eval( 'return static function ( array $arguments ) {' . $told['code'] . "\n};" );
$result = $run( $told['arguments'] );
fwrite( STDERR, (string) ob_get_clean() );
if ( is_wp_error( $result ) ) {
	fwrite( STDERR, $result->get_error_message() );
	exit( 1 );
}
echo wp_json_encode( $result );
