"""One WordPress of the tests: installed, asked from inside by PHP and from outside by HTTP."""

import asyncio
import json
import secrets
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from servicekit.embedded import free_port

from .programs import FILES, program, serving
from .release import unpacked

TITLE = "Larch & Pine"
PASSWORD = "a long one for tests"
_SALTS = ("AUTH", "SECURE_AUTH", "LOGGED_IN", "NONCE")
_PEOPLE = {
    "kim": ("shop_manager", "Kim Weber"), "lee": ("shop_manager", "Lee Park"),
    "ada": ("customer", "Ada Moreno"), "ben": ("customer", "Ben Okafor"),
}  # fmt: skip


def email_of(login: str) -> str:
    """The address of one of its people."""
    return f"{login}@larch.example"


@dataclass(frozen=True, slots=True)
class Site:
    """A running WordPress. People: `boss` (administrator), `kim` and `lee` (shop managers), `ada` and `ben`."""

    state: Path
    port: int

    @property
    def url(self) -> str:
        """Where it is, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def files(self) -> Path:
        """The folder that hosters call the web root."""
        return self.state / "site"

    def rest(self, path: str) -> str:
        """The URL of one of the plugin's REST routes, with pretty permalinks: `rest("/jwks")`."""
        return f"{self.url}/wp-json/aiguy/v1{path}"

    async def run(self, code: str, *arguments: Any, as_user: str = "") -> Any:
        """What PHP code returns that runs inside WordPress, with `$arguments`; AssertionError says what PHP said."""
        told = {"code": code, "arguments": arguments, "as": as_user, "url": self.url}
        printed = await self._php(FILES / "run.php", told)
        return json.loads(printed)

    async def option(self, name: str, value: Any) -> None:
        """Set an option; None deletes it."""
        code = "return $arguments[1] === null ? delete_option($arguments[0]) : update_option(...$arguments);"
        await self.run(code, name, value)

    async def permalinks(self, structure: str) -> None:
        """Pretty ones are "/%postname%/", plain ones ""."""
        await self.run(
            "global $wp_rewrite; $wp_rewrite->set_permalink_structure($arguments[0]); flush_rewrite_rules();", structure
        )

    async def page(self, title: str, content: str, **more: Any) -> str:
        """The URL of a new published page."""
        post = {"post_title": title, "post_content": content, "post_status": "publish", "post_type": "page", **more}
        return str(await self.run("return get_permalink(wp_insert_post($arguments[0], true));", post))

    async def cron(self) -> None:
        """Run what WordPress has planned and is due."""
        await self._php(self.files / "wp-cron.php", {})

    async def user_id(self, login: str) -> int:
        """The number of a user."""
        return int(await self.run("return get_user_by('login', $arguments[0])->ID;", login))

    async def cookies(self, login: str) -> dict[str, str]:
        """The cookies of somebody who has just signed in."""
        found: dict[str, str] = await self.run(
            "$user = get_user_by('login', $arguments[0]); $until = time() + 86400;"
            "$token = WP_Session_Tokens::get_instance($user->ID)->create($until);"
            "$cookie = fn($scheme) => wp_generate_auth_cookie($user->ID, $until, $scheme, $token);"
            "return [AUTH_COOKIE => $cookie('auth'), LOGGED_IN_COOKIE => $cookie('logged_in')];",
            login,
        )
        return found

    @asynccontextmanager
    async def client(self, login: str = "") -> AsyncIterator[httpx.AsyncClient]:
        """Somebody's HTTP client: a guest's, or of a user who is signed in."""
        cookies = await self.cookies(login) if login else {}
        async with httpx.AsyncClient(base_url=self.url, cookies=cookies, timeout=60.0) as client:
            yield client

    def mails(self) -> list[dict[str, Any]]:
        """All mail that WordPress has sent: `to`, `subject`, `message`, `headers`."""
        file = self.state / "mails.jsonl"
        return [json.loads(line) for line in file.read_text("utf-8").splitlines()] if file.exists() else []

    def complaints(self) -> list[str]:
        """What PHP had to say about our code: notices, warnings, errors."""
        files = [self.state / name for name in ("debug.log", "php.log")]
        lines = [line for file in files if file.exists() for line in file.read_text("utf-8").splitlines()]
        return [line for line in lines if "aiguy-chat" in line or "AIGuy" in line]

    def constants(self, **more: Any) -> None:
        """Write wp-config.php's constants anew, with more of them: AIGUY_MODE="poll"; None leaves one out."""
        usual = json.loads((self.state / "usual.json").read_text("utf-8"))
        wanted = {name: value for name, value in {**usual, **more}.items() if value is not None}
        (self.state / "site.json").write_text(json.dumps(wanted), "utf-8")

    async def _php(self, script: Path, told: Mapping[str, Any]) -> str:
        # Each of the hundreds of calls would compile WordPress anew: what the first compiled is kept beside the site.
        kept = ("opcache.enable_cli=1", "opcache.file_cache_only=1", f"opcache.file_cache={self.state / 'compiled'}")
        options = [part for one in (*kept, "opcache.revalidate_freq=0") for part in ("-d", one)]
        process = await asyncio.create_subprocess_exec(
            program("php"), *options, str(script), str(self.files),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        printed, said = await process.communicate(json.dumps(told).encode())
        assert process.returncode == 0, (printed + said).decode(errors="replace")
        return printed.decode()


@asynccontextmanager
async def installed(state: Path) -> AsyncIterator[Site]:
    """A new WordPress in `state`, running. Raises NoWordPressError."""
    release = await asyncio.to_thread(unpacked)
    site = Site(state, free_port())
    await asyncio.to_thread(shutil.copytree, release, site.files)
    shutil.copy(FILES / "wp-config.php", site.files)
    extra = site.files / "wp-content" / "mu-plugins"
    extra.mkdir()
    shutil.copy(FILES / "mu-plugin.php", extra / "tests.php")
    (state / "compiled").mkdir()
    (state / "usual.json").write_text(json.dumps(_constants(site)), "utf-8")
    site.constants()
    people = [
        {"user_login": login, "user_pass": PASSWORD, "role": role, "display_name": name,
         "user_email": email_of(login)}
        for login, (role, name) in _PEOPLE.items()
    ]  # fmt: skip
    wanted = {
        "url": site.url, "title": TITLE, "login": "boss", "password": PASSWORD, "email": email_of("boss"),
        "users": people,
    }  # fmt: skip
    with serving(state, site.port):
        await site._php(FILES / "install.php", wanted)
        await site.permalinks("/%postname%/")
        yield site


def _constants(site: Site) -> dict[str, Any]:
    salts = {f"{name}_{kind}": secrets.token_urlsafe(48) for name in _SALTS for kind in ("KEY", "SALT")}
    return {
        **salts, "WP_HOME": site.url, "WP_SITEURL": site.url, "DB_NAME": "wordpress", "DB_USER": "", "DB_PASSWORD": "",
        "DB_HOST": "", "DB_CHARSET": "utf8mb4", "DB_COLLATE": "", "DB_ENGINE": "sqlite",
        "DB_DIR": str(site.files / "wp-content" / "database"), "FS_METHOD": "direct",
        # Nothing is fetched from wordpress.org, and nothing runs but when a test says so.
        "WP_HTTP_BLOCK_EXTERNAL": True, "WP_ACCESSIBLE_HOSTS": "127.0.0.1", "DISABLE_WP_CRON": True,
        "AUTOMATIC_UPDATER_DISABLED": True, "CONCATENATE_SCRIPTS": False,
        "WP_DEBUG": True, "WP_DEBUG_DISPLAY": False, "WP_DEBUG_LOG": str(site.state / "debug.log"),
    }  # fmt: skip
