"""Site and list behind real web servers with TLS, set up by the files in docs/hosting, and a browser in front."""

from __future__ import annotations

import contextlib
import os
import shutil
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from pipeline.subscribers.limits import source_limit
from pipeline.web.service.shield import HEADERS
from plugins.headers.policy import security_headers
from tests.layers import free_port, require
from tests.mail.servers import certificate
from tests.service.people import unsubscribe_path
from tests.service.world import ROOT, SITE, World, path_of, running
from tests.site_fixture.building import build

HOST = SITE.removeprefix("https://")
HOSTING = ROOT / "docs" / "hosting"
_NGINX = shutil.which("nginx") or "/usr/sbin/nginx"
_CADDY = shutil.which("caddy") or "/usr/bin/caddy"
_AROUND = """
daemon off;
pid {folder}/pid;
error_log {folder}/error.log;
{user}
events {{ }}
http {{
  include /etc/nginx/mime.types;
  access_log {folder}/access.log;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port} ssl;
    server_name {host};
    ssl_certificate {certificate};
    ssl_certificate_key {certificate};
    root {output};
    include {folder}/snippet.conf;
  }}
}}
"""


@dataclass(frozen=True, kw_only=True)
class Everything:
    """A built site and a running service, not yet behind a web server."""

    folder: Path
    output: Path
    certificate: Path
    world: World


class _Named(httpx.HTTPTransport):
    """Ask a port of this machine by the site's name, and expect a certificate for that."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.extensions = {**request.extensions, "sni_hostname": HOST}
        return super().handle_request(request)


@dataclass(frozen=True, kw_only=True)
class Front:
    """A web server in front of both."""

    port: int
    folder: Path  # everything that it writes

    def client(self, authority: Path) -> httpx.Client:
        """Ask as somebody who trusts its certificate and looks its name up."""
        context = ssl.create_default_context(cafile=str(authority))
        return httpx.Client(
            base_url=f"https://127.0.0.1:{self.port}",
            headers={"Host": HOST},
            transport=_Named(verify=context),
            timeout=30,
        )


def nginx(folder: Path, everything: Everything, port: int, service: int) -> list[str]:
    """Set nginx up as docs/hosting says; answer how it is started."""
    require("nginx", found=Path(_NGINX).exists(), install="sudo apt-get install nginx-light")
    snippet = (HOSTING / "nginx.conf").read_text(encoding="utf-8")
    assert "127.0.0.1:8010" in snippet
    (folder / "snippet.conf").write_text(
        snippet.replace("127.0.0.1:8010", f"127.0.0.1:{service}"), encoding="utf-8"
    )
    around = _AROUND.format(
        folder=folder,
        user="user root;" if os.geteuid() == 0 else "",  # the site lies in a folder of whoever runs this
        port=port,
        host=HOST,
        certificate=everything.certificate,
        output=everything.output,
    )
    (folder / "nginx.conf").write_text(around, encoding="utf-8")
    return [_NGINX, "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]


def caddy(folder: Path, everything: Everything, port: int, service: int) -> list[str]:
    """Set Caddy up as docs/hosting says, but with a certificate of our own, so that it asks nobody for one."""
    require("Caddy", found=Path(_CADDY).exists(), install="sudo apt-get install caddy")
    text = (HOSTING / "Caddyfile").read_text(encoding="utf-8")
    own = f"https://{HOST}:{port} {{\n\ttls {everything.certificate} {everything.certificate}\n\tbind 127.0.0.1\n"
    for there, here in (
        ("{\n\t#", "{\n\tadmin off\n\tauto_https off\n\t#"),
        (f"{HOST} {{\n", own),
        ("127.0.0.1:8010", f"127.0.0.1:{service}"),
        ("/srv/belonging/output", str(everything.output)),
    ):
        assert there in text
        text = text.replace(there, here)
    (folder / "Caddyfile").write_text(text, encoding="utf-8")
    return [_CADDY, "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]


SERVERS: dict[str, Callable[[Path, Everything, int, int], list[str]]] = {"nginx": nginx, "caddy": caddy}


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Everything]:
    """One site and one service for all tests here."""
    folder = tmp_path_factory.mktemp("hosted")
    manifest = folder / "var" / "build" / "posts.json"
    build(folder / "output", SITEURL=SITE, SUBSCRIBE_URL="/list/subscribe", MANIFEST_PATH=str(manifest))
    with running(folder, pause=(0.05, 0.1), behind_proxy=True) as world:
        yield Everything(
            folder=folder,
            output=folder / "output",
            certificate=certificate(folder, HOST).file,
            world=world,
        )


@contextlib.contextmanager
def started(name: str, folder: Path, everything: Everything, service: int) -> Iterator[Front]:
    """Run a web server; everything it says is in its folder."""
    folder.mkdir()
    front = Front(port=free_port(), folder=folder)
    command = SERVERS[name](folder, everything, front.port, service)
    homes = {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen(command, cwd=folder, stdout=said, stderr=said, env={**os.environ, **homes})
        try:
            with front.client(everything.certificate) as client:
                for _ in range(200):
                    with contextlib.suppress(httpx.TransportError):
                        client.get("/")
                        break
                    assert process.poll() is None, (folder / "said").read_text(encoding="utf-8")
                    time.sleep(0.05)
            yield front
        finally:
            process.terminate()
            process.wait(timeout=20)


@pytest.fixture(scope="module", params=sorted(SERVERS))
def front(request: pytest.FixtureRequest, everything: Everything) -> Iterator[Front]:
    """Each web server in turn."""
    service = int(everything.world.url.rpartition(":")[2])
    with started(request.param, everything.folder / request.param, everything, service) as made:
        yield made


@pytest.fixture(scope="module")
def client(front: Front, everything: Everything) -> Iterator[httpx.Client]:
    with front.client(everything.certificate) as made:
        yield made


@pytest.fixture
def page(chromium: Browser, front: Front) -> Iterator[Page]:
    """A browser that finds the site's own name at the web server here, and knows nobody who vouches for it."""
    browser = chromium.browser_type.launch(
        executable_path=chromium.browser_type.executable_path
        if Path(chromium.browser_type.executable_path).exists()
        else shutil.which("chromium"),
        args=[
            "--no-sandbox",
            "--disable-quic",
            "--disable-background-networking",
            f"--host-resolver-rules=MAP {HOST}:443 127.0.0.1:{front.port}",
        ],
    )
    context = browser.new_context(ignore_https_errors=True, viewport={"width": 320, "height": 640})
    made = context.new_page()
    made.set_default_timeout(20_000)
    yield made
    browser.close()


def link_in_mail(world: World) -> str:
    """Wait for a mail; answer its link as it stands there."""
    for _ in range(200):
        if mails := world.mails():
            return SITE + path_of(mails[0])
        time.sleep(0.1)
    raise AssertionError("no mail came")


def test_a_person_joins_on_the_site_confirms_from_the_mail_and_leaves(
    page: Page, front: Front, everything: Everything
) -> None:
    world = everything.world
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    reader = f"{front.folder.name}@lists.example.com"
    page.goto(f"{SITE}/subscribe/")
    page.locator("#Address").fill(reader)
    page.get_by_role("button", name="Subscribe").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Look into your mailbox")
    page.goto(link_in_mail(world))
    expect(page.get_by_role("link", name="Exit this page")).to_be_visible()
    page.get_by_role("button", name="Yes, send me the letters").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You are on the list")
    page.goto(SITE + unsubscribe_path(world, reader))
    page.get_by_role("button", name="Leave the list").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You have left")
    page.get_by_role("link", name="To the front page").click()
    expect(page.get_by_role("heading", level=1).first).to_be_visible()
    assert page.url == f"{SITE}/"
    assert all(url.startswith(f"{SITE}/") for url in asked), asked
    assert said == []
    assert page.context.cookies() == []


def test_each_page_says_its_own_headers_and_each_of_them_once(client: httpx.Client) -> None:
    for path, status in (("/", 200), ("/nowhere/", 404)):
        answer = client.get(path)
        assert answer.status_code == status
        for name, value in security_headers("").items():
            assert answer.headers.get_list(name) == [value], (path, name)
        assert "text/html" in answer.headers["Content-Type"]
    assert "There is nothing here" in answer.text or "<h1" in answer.text
    for path, status in (("/list/subscribe", 200), ("/list/unsubscribe/x", 404), ("/list/", 200)):
        answer = client.get(path)
        assert answer.status_code == status
        for name, value in HEADERS.items():
            assert answer.headers.get_list(name) == [value], (path, name)
        assert answer.headers.get_list("Strict-Transport-Security") == ["max-age=63072000"]
        assert "uvicorn" not in str(answer.headers)
    assert client.get("/list", follow_redirects=False).status_code in {200, 307, 308}
    assert client.get("/feed.json").headers["Content-Type"].startswith("application/feed+json")


def test_a_mail_program_leaves_with_one_request(
    client: httpx.Client, everything: Everything, front: Front
) -> None:
    reader = f"oneclick-{front.folder.name}@lists.example.com"
    assert client.post("/list/subscribe", data={"email": reader}).status_code == 200
    assert client.post(link_in_mail(everything.world).removeprefix(SITE)).status_code == 200
    path = unsubscribe_path(everything.world, reader)
    multipart = {"List-Unsubscribe": (None, "One-Click")}
    for body in ({"data": {"List-Unsubscribe": "One-Click"}}, {"files": multipart}):
        answer = client.post(path, headers={"Origin": "https://mail.example.com"}, **body)  # type: ignore[arg-type]
        assert answer.status_code == 200
        assert "You have left" in answer.text


def test_who_asks_is_whom_the_web_server_saw_and_not_whom_they_claim_to_be(
    client: httpx.Client, everything: Everything
) -> None:
    world = everything.world
    for number in range(3):
        forged = {"X-Forwarded-For": f"203.0.113.{number}", "Forwarded": f"for=203.0.113.{number}"}
        client.post("/list/subscribe", data={"email": "no address at all@"}, headers=forged)
        client.post("/list/subscribe", data={"email": f"r{number}@two..dots.example.com"}, headers=forged)
    names = {row[0] for row in world.everything()["limits"]}
    now = world.clock()
    mine = source_limit(world.project.keyring, "127.0.0.1", now, most=1).name
    theirs = {
        source_limit(world.project.keyring, f"203.0.113.{number}", now, most=1).name for number in range(3)
    }
    assert mine in names
    assert not theirs & names


def test_a_body_that_no_form_sends_is_turned_away(client: httpx.Client) -> None:
    answer = client.post("/list/subscribe", content=b"email=" + b"a" * 40_000)
    assert answer.status_code == 413


@pytest.mark.parametrize("name", sorted(SERVERS))
def test_no_server_writes_down_who_came_or_a_link_that_acts(
    name: str, everything: Everything, tmp_path: Path
) -> None:
    token = "Lk3J" * 9
    with (
        started(name, tmp_path / "there", everything, int(everything.world.url.rpartition(":")[2])) as there,
        there.client(everything.certificate) as client,
    ):
        assert client.get(f"/list/unsubscribe/{token}").status_code == 404
        assert client.post(f"/list/unsubscribe/{token}", content=b"a" * 15_000).status_code == 404
        assert client.get(f"/{token}/").status_code == 404
    # The service is down, and what fails is said without them too.
    with (
        started(name, tmp_path / "down", everything, free_port()) as down,
        down.client(everything.certificate) as client,
    ):
        assert client.get(f"/list/unsubscribe/{token}").status_code in {502, 503}
        assert client.get(f"/{token}/").status_code == 404
    written = {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    assert written
    assert [file for file, content in written.items() if token.encode() in content] == []


@pytest.mark.parametrize("name", ["web", "send"])
def test_the_units_are_sound_and_closed(name: str, tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze")
    require("systemd-analyze", found=program is not None, install="sudo apt-get install systemd")
    assert program is not None
    unit = tmp_path / f"belonging-{name}.service"
    for file in HOSTING.glob(f"belonging-{name}.*"):
        text = file.read_text(encoding="utf-8").replace("/srv/belonging/.venv/bin/belonging", "/bin/true")
        (tmp_path / file.name).write_text(text, encoding="utf-8")
    verified = subprocess.run(
        [program, "verify", *map(str, tmp_path.iterdir())], capture_output=True, text=True, check=False
    )
    assert (verified.returncode, verified.stderr) == (0, "")
    # From 0 to 10; above 2.0 something that this service does not need is open again.
    judged = subprocess.run(
        [program, "security", "--offline=true", "--threshold=20", str(unit)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert judged.returncode == 0, judged.stdout[-2000:]
