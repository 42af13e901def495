"""Two sites that do not act: from a list of addresses through every stage until all is gone, with
a real server, a small internet around it, and its clock moved."""

import email
import email.policy
import io
import os
import re
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from person import DESKTOP, PHONE, Person
from playwright.sync_api import Browser
from world import STAYDOWN, Server, Visitor, wait_for

from server.notices.test_mail import MailServer
from server.pictures import jpeg, recompressed, scene
from server.providers.fakes import Internet, Reply

CLOCK = Path(__file__).with_name("moved_clock")
CDN = {"cf_ray": "8a1b2c3d4e5f-AMS"}


@pytest.fixture
def internet() -> Iterator[Internet]:
    internet = Internet()
    yield internet
    internet.close()


@pytest.fixture
def post() -> Iterator[MailServer]:
    server = MailServer()
    yield server
    server.shutdown()
    server.server_close()


class Helpers(Server):
    """A server of a help line, whose clock can be moved."""

    def __init__(self, data: Path, internet: Internet, post: MailServer) -> None:
        self.hours, self._ahead = 0.0, data.with_suffix(".hours")
        self._ahead.write_text("0")
        super().__init__(
            data,
            STAYDOWN_ESCALATION="yes",
            STAYDOWN_ESCALATION_SENDER="Help Line <help@help.example>",
            STAYDOWN_MAIL_HOST="127.0.0.1",
            STAYDOWN_MAIL_PORT=str(post.server_address[1]),
            STAYDOWN_MAIL_SECURITY="none",
            STAYDOWN_MAIL_FROM="Notes <notes@post.example>",
            HOURS_AHEAD=str(self._ahead),
            PYTHONPATH=os.pathsep.join([str(CLOCK), *filter(None, [os.environ.get("PYTHONPATH")])]),
            **internet.environment,
        )

    def passes(self, hours: float) -> None:
        """So much time, for every process of the server."""
        self.hours += hours
        draft = self._ahead.with_suffix(".draft")
        draft.write_text(str(self.hours))
        draft.replace(self._ahead)


@pytest.fixture
def server(tmp_path: Path, internet: Internet, post: MailServer) -> Iterator[Helpers]:
    server = Helpers(tmp_path / "staydown", internet, post)
    try:
        server.start()
        yield server
    finally:
        server.end()


class Helper(Visitor):
    """Bob, who signs in again whenever his session ended."""

    def __init__(self, server: Helpers) -> None:
        super().__init__(server)
        self._helpers = server
        self.path = ""

    def later(self, hours: float) -> None:
        self._helpers.passes(hours)
        self.sign_in()

    def sees(self, what: Callable[[str], object], why: str) -> str:
        """The file, once it says so."""
        return str(wait_for(lambda: what(p := self.get(self.path).text) and p, why=why))

    def letters(self, role: str, state: str) -> list[str]:
        """The letters to those of a role, in a state."""
        cards = self.get(self.path).text.split('data-role="')
        found = [card for card in cards if card.startswith(f'{role}"')]
        link = (
            rf'href="(/desk/letters/\d+/)">[^<]*</a> <span class="tag[^"]*" data-letter="{state}"'
        )
        return [path for card in found for path in re.findall(link, card)]

    def sends(self, role: str, how: str) -> int:
        """All drafts to those of a role; how many."""
        drafts = self.letters(role, "draft")
        for path in drafts:
            self.send(path, form=f"{path}act/", act=how)
        return len(drafts)


def left(post: MailServer) -> list[EmailMessage]:
    """The letters that left; not what the desk is told of a case that waits."""
    messages = [email.message_from_bytes(each, policy=email.policy.default) for each in post.taken]
    return [each for each in messages if isinstance(each, EmailMessage) and _is_letter(each)]


def _is_letter(message: EmailMessage) -> bool:
    return "help@help.example" in message["From"]


def test_two_sites_through_all_stages_to_removal(
    server: Helpers, internet: Internet, post: MailServer, charlie: Visitor
) -> None:
    """One is behind a delivery network and gives in to the authorities' letter; the other one's
    hosting provider acts. Every letter was a person's doing, and left once."""
    picture = jpeg(scene(1))
    stubborn, quiet = internet.site("www.stubborn.example"), internet.site("img.quiet.example")
    internet.host.show("/s/1.jpg", picture, **CDN)
    internet.host.show("/s/2.jpg", recompressed(picture), **CDN)
    internet.host.show("/q/1.jpg", picture)
    bob = Helper(server)
    bob.sign_in()
    opened = bob.send(
        "/desk/files/new/",
        form="/desk/files/open/",
        places=f"{stubborn}/s/1.jpg\n{stubborn}/s/2.jpg\n{quiet}/q/1.jpg\nhttp://10.1.2.3/x",
        signature="Bob of the help line",
        on_behalf_of="Alice",
        contact="alice@example.org",
        good_faith="yes",
        law=["us", "eu"],
        language="en",
        country="FR",
    )
    assert "1 line was left out" in opened.text
    assert "private network" in opened.text
    code = re.findall(r"data-receipt>([A-Z2-7-]{19})<", opened.text)
    assert len(code) == 1
    bob.path = re.findall(r"/desk/files/\d+/", opened.url)[0]

    # Who serves them is found, each address was looked at once, and the hosts are drafted to.
    bob.sees(lambda p: p.count('data-role="host"') == 2, "both sites are asked about")
    page = bob.sees(lambda p: p.count('data-state="served"') == 3, "all were looked at")
    assert page.count('data-role="cdn"') == 1
    assert "Cloudflare" in page
    assert page.count('data-role="hosting"') == 1
    assert sorted(internet.host.requests) == ["/q/1.jpg", "/s/1.jpg", "/s/2.jpg"]
    assert left(post) == [], "nothing leaves by itself"
    assert bob.sends("host", "approve") == 2
    wait_for(lambda: len(left(post)) == 2, why="both hosts were written to")
    hosts = {each["To"] for each in left(post)}
    assert hosts == {"abuse@stubborn.example", "abuse@quiet.example"}

    # Both let their 48 hours pass.
    bob.later(47)
    assert bob.get(bob.path).text.count('data-standing="on_time"') == 2
    bob.later(2)
    page = bob.sees(lambda _: bob.letters("cdn", "draft"), "the next stage is drafted")
    assert page.count('data-standing="late"') == 2
    assert bob.sends("hosting", "approve") == 1
    assert bob.sends("cdn", "by_hand") == 1
    wait_for(lambda: len(left(post)) == 3, why="the hosting provider was written to")
    third = left(post)[2]
    assert third["To"] == "abuse@quick-hosting.example"
    told = third.get_content()
    assert "letter to img.quiet.example (the site). No answer so far" in told
    assert "the reported content, seen on" in told
    assert "Alice" not in told, "nobody is named who did not ask for it"

    # The hosting provider acts; the server finds out by itself, by looking once more.
    internet.host.replies["/q/1.jpg"] = Reply(404)
    bob.later(50)
    page = bob.sees(lambda p: "Everything is gone" in p, "what is gone is seen to be")
    assert page.count('data-state="served"') == 2
    bob.sees(lambda _: bob.letters("registrar", "draft"), "the registrar is drafted to")
    assert bob.sends("registrar", "approve") == 1
    assert bob.sends("search", "by_hand") >= 1
    wait_for(lambda: len(left(post)) == 4, why="the registrar was written to")
    bob.later(80)
    bob.sees(lambda _: bob.letters("regulator", "draft"), "the authorities are drafted to")
    sheet = bob.get(bob.letters("regulator", "draft")[0]).text
    assert "takeitdown.ftc.gov" in sheet or "article 53" in sheet
    assert bob.sends("regulator", "by_hand") >= 2

    # At last it is gone, and the file closes by itself.
    for path in ("/s/1.jpg", "/s/2.jpg"):
        internet.host.replies[path] = Reply(410)
    bob.later(200)
    bob.sees(lambda p: "3 of 3 addresses gone" in p, "all of it is gone")
    asked = len(internet.host.requests)
    bob.later(2000)
    bob.get("/desk/")
    assert len(internet.host.requests) == asked, "nobody looks any more"
    assert len(left(post)) == 4, "and nothing was sent twice"

    figures = bob.get("/desk/files/numbers/?days=365").text
    assert "Hosting provider" in figures
    assert "quiet.example" not in figures
    package = bob.send(f"{bob.path}timeline/", form=f"{bob.path}package/").content
    file = server.data.with_suffix(".zip")
    file.write_bytes(package)
    checked = subprocess.run(
        [str(STAYDOWN), "records", "verify-package", str(file)],
        capture_output=True,
        check=False,
        env={**os.environ, **server.environment},
    )
    assert checked.returncode == 0, checked.stderr
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        assert len([name for name in archive.namelist() if name.endswith(".pdf")]) >= 7
    assert "/sign-in/" in charlie.get(bob.path).url
    assert server.audit_is_whole()


@pytest.mark.browser
def test_a_file_is_kept_with_a_browser(
    server: Helpers, internet: Internet, chromium: Browser
) -> None:
    """On a phone in French: opened, read, sent by hand, late, handed over; then at a desk."""
    origin = internet.site("www.stubborn.example")
    internet.host.show("/1.jpg", jpeg(scene(1)))
    dora = Person(chromium, "dora-escalation-fr", PHONE, "fr")
    page = dora.page
    dora.page.goto(server.sign_in_link("dora@example.org"))
    dora.clicks("main button")
    dora.clicks("a[href='/desk/files/']")
    dora.looks("files-none")
    dora.clicks("a[href='/desk/files/new/']")
    page.fill("#places", f"{origin}/1.jpg\n{origin}/a/very/long/address/{'x' * 200}.jpg")
    page.fill("#on_behalf_of", "Alice")
    page.fill("#contact", "alice@example.org")
    page.fill("#signature", "Somebody who helps")
    dora.clicks("form[action='/desk/files/open/'] button")
    dora.looks("asked")
    page.check("#good_faith")
    page.check("#law-us")
    page.select_option("#country", "FR")
    dora.clicks("form[action='/desk/files/open/'] button")
    path = urlsplit(page.url).path

    def shows(selector: str) -> bool:
        page.reload()
        return page.locator(selector).count() == 1

    wait_for(lambda: shows("[data-role=host] a"), why="the host is drafted to")
    dora.looks("file")
    dora.clicks("[data-role=host] a")
    dora.looks("letter")
    dora.clicks("button[value=by_hand]")
    server.passes(60)
    dora.page.goto(server.sign_in_link("dora@example.org"))
    dora.clicks("main button")
    page.goto(f"{server.url}{path}")
    wait_for(lambda: shows("[data-standing=late]"), why="the host is late")
    dora.looks("late")
    page.goto(f"{server.url}{path}timeline/")
    dora.looks("timeline")
    page.goto(f"{server.url}/desk/files/numbers/")
    dora.looks("numbers")

    bob = Person(chromium, "bob-escalation-en", DESKTOP, "en")
    bob.page.goto(server.sign_in_link())
    bob.clicks("main button")
    bob.page.goto(f"{server.url}/desk/files/")
    bob.looks("files")
    bob.clicks("a[data-open]")
    bob.looks("file")
    bob.clicks("[data-role=hosting] a")
    bob.looks("letter")
    for person in (dora, bob):
        ours = {f"127.0.0.1:{server.port}"}
        assert person.called == ours, "no page asks the sites anything"
        person.leaves()
