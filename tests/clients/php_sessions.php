<?php
// Counts a user's requests in a PHP session of phpredis: `php -d session.save_handler=redis -d session.save_path=… -S … php_sessions.php`.

$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
header('Content-Type: application/json');
if ($path === '/ready') {
    exit('{}');
}
if (!@session_start()) {
    http_response_code(503);
    exit('{}');
}
$answer = [];
if ($path === '/login' && $_SERVER['REQUEST_METHOD'] === 'POST') {
    // Against a session id that was planted before.
    session_regenerate_id(true);
    $_SESSION = ['user' => $_POST['user'], 'visits' => 0];
} elseif ($path === '/logout' && $_SERVER['REQUEST_METHOD'] === 'POST') {
    http_response_code(session_destroy() ? 200 : 503);
    exit('{}');
} elseif (isset($_SESSION['user'])) {
    $_SESSION['visits']++;
    $answer = $_SESSION;
} else {
    http_response_code(401);
}
// PHP itself answers 200 also when the store did not take the session.
if (!@session_write_close()) {
    http_response_code(503);
}
echo json_encode((object) $answer);
