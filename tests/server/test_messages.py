"""The pages' texts: every one in the catalogue, translated, and shown in the reader's language."""

import html
import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from babel.messages.catalog import Catalog, Message
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.utils import translation

import staydown_server
from server.story import ALICE
from staydown_server.cases.models import Case
from staydown_server.notices.receive import Receipt
from staydown_server.removal import reasons
from staydown_server.removal.models import Removal
from staydown_server.web.errors import error_page

ROOT = Path(__file__).resolve().parents[2]
TOOL = ROOT / "tools" / "messages.py"
FRENCH = Path("locale", "fr", "LC_MESSAGES")
#: What a template may say outside the catalogue: names, and the languages in their own words.
NAMES = {"Staydown", "English", "Français", "UTC", "h"}


def _load_tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("messages_tool", TOOL)
    assert spec is not None
    assert spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    return tool


tool = _load_tool()
catalogue: Catalog = tool.read(tool.LOCALE / "fr" / "LC_MESSAGES" / "django.po", "fr")
MESSAGES: list[Message] = [message for message in catalogue if message.id]


def _sources(message: Message) -> list[str]:
    return [message.id] if isinstance(message.id, str) else list(message.id)


def _translations(message: Message) -> list[str]:
    return [message.string] if isinstance(message.string, str) else list(message.string)


# The catalogue


def test_the_catalogue_is_complete_and_in_step() -> None:
    """After a change of a text: ``make messages``, then translate."""
    checked = subprocess.run(
        [sys.executable, TOOL, "--check"], capture_output=True, text=True, check=False
    )

    assert (checked.returncode, checked.stderr) == (0, "")


def test_the_installed_package_holds_the_compiled_catalogue() -> None:
    installed = Path(staydown_server.__file__).parent / FRENCH / "django.mo"

    assert installed.read_bytes() == (tool.LOCALE.parent / FRENCH / "django.mo").read_bytes()


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: _sources(message)[0][:40])
def test_a_translation_keeps_the_placeholders(message: Message) -> None:
    """A lost one hides a number from somebody; an invented one breaks the page."""
    one, *many = [set(re.findall(r"%\(\w+\)s", source)) for source in _sources(message)]
    first, *others = [set(re.findall(r"%\(\w+\)s", text)) for text in _translations(message)]

    assert first == one
    assert all(other == many[0] for other in others)


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: _sources(message)[0][:40])
def test_french_is_set_as_french_is_set(message: Message) -> None:
    """Typographic apostrophes; spaces before ``: ; ? !`` that no line ends at."""
    for text in _translations(message):
        assert "'" not in text
        assert not re.search(r"[ \w)][:;?!](?=\s|$)", text), text
        assert not re.search(r" [:;?!»]|« ", text), text


# The tool


@pytest.fixture
def little_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A server with two texts and a French catalogue without translations."""
    (tmp_path / "locale" / "fr" / "LC_MESSAGES").mkdir(parents=True)
    (tmp_path / "page.html").write_text(
        "{% load i18n %}\n<p>\n   {% translate \"It's here\" context 'place' %}\n </p>"
        "{% blocktranslate count n=n %}{{ n }} cat{% plural %}{{ n }} cats{% endblocktranslate %}"
    )
    (tmp_path / "words.py").write_text('from x import gettext as _\nTEXT = _("A dog " "barks")\n')
    for name, value in (("ROOT", tmp_path), ("SERVER", tmp_path)):
        monkeypatch.setattr(tool, name, value)
    monkeypatch.setattr(tool, "LOCALE", tmp_path / "locale")
    return tmp_path


def _faults() -> list[str]:
    return list(tool.faults("fr", tool.texts_of_the_sources()))


def _translate_everything(project: Path) -> None:
    tool.write("fr", tool.texts_of_the_sources())
    path = project / FRENCH / "django.po"
    path.write_text(
        re.sub(r'(msgstr(?:\[\d\])?) ""(?=\n(?!"))', r'\1 "%(n)s oui"', path.read_text())
    )
    tool.write("fr", tool.texts_of_the_sources())


def test_texts_are_read_from_templates_and_from_python(little_project: Path) -> None:
    """With plurals, contexts, and literals in pieces."""
    assert set(tool.texts_of_the_sources()) == {
        ("It's here", "", "place"),
        ("%(n)s cat", "%(n)s cats", ""),
        ("A dog barks", "", ""),
    }


def test_a_translated_catalogue_has_no_faults(little_project: Path) -> None:
    _translate_everything(little_project)

    assert _faults() == []


def test_writing_twice_changes_nothing(little_project: Path) -> None:
    _translate_everything(little_project)
    files = [little_project / FRENCH / name for name in ("django.po", "django.mo")]
    before = [path.read_bytes() for path in files]
    tool.write("fr", tool.texts_of_the_sources())

    assert [path.read_bytes() for path in files] == before


def test_a_new_text_is_asked_for(little_project: Path) -> None:
    _translate_everything(little_project)
    (little_project / "more.py").write_text('_("A new text")')

    assert any("out of date" in fault for fault in _faults())
    assert any(fault.endswith("for: A new text") for fault in _faults())


def test_a_text_that_is_gone_is_taken_out(little_project: Path) -> None:
    _translate_everything(little_project)
    (little_project / "words.py").unlink()

    assert any("out of date" in fault for fault in _faults())
    tool.write("fr", tool.texts_of_the_sources())
    assert "A dog barks" not in (little_project / FRENCH / "django.po").read_text()
    assert _faults() == []


def test_a_doubtful_translation_is_asked_for(little_project: Path) -> None:
    _translate_everything(little_project)
    path = little_project / FRENCH / "django.po"
    path.write_text(path.read_text().replace('msgid "A dog', '#, fuzzy\nmsgid "A dog'))

    assert any(fault.endswith("for: A dog barks") for fault in _faults())


def test_a_stale_compiled_catalogue_is_noticed(little_project: Path) -> None:
    _translate_everything(little_project)
    path = little_project / FRENCH / "django.po"
    path.write_text(path.read_text().replace("oui", "non"))

    assert [fault for fault in _faults() if ".mo" in fault]


def test_an_untranslated_plural_shows_its_source(little_project: Path) -> None:
    """Never a blank."""
    tool.write("fr", tool.texts_of_the_sources())

    assert b"%(n)s cat" not in (little_project / FRENCH / "django.mo").read_bytes()


# The templates and the pages


@pytest.mark.parametrize(
    "path", sorted(tool.SERVER.rglob("*.html")), ids=lambda path: str(path.name)
)
def test_a_template_says_nothing_outside_the_catalogue(path: Path) -> None:
    """Not in its text, and not in what screen readers read out."""
    page = re.sub(
        r"<kbd>.</kbd>|{% blocktranslate.*?{% endblocktranslate %}|{% block body %}\w*"
        r"|{[%#{].*?[%#}]}",
        "",
        path.read_text(),
        flags=re.DOTALL,
    )
    read_out = re.findall(r'\b(?:alt|title|aria-label|placeholder)="([^"]*)"', page)
    said = re.sub(r"<[^>]*>", " ", page) + " ".join(read_out)

    assert set(re.findall(r"[^\W\d_]+", said)) <= NAMES


def _english_left_over(page: str) -> Iterator[str]:
    shown = html.unescape(page)
    for message in MESSAGES:
        for source in _sources(message):
            pieces = [piece.strip() for piece in re.split(r"%\(\w+\)s", source)]
            # A short one can be a part of something else: an address, a name, a French word.
            if all(len(piece) < 12 for piece in pieces) or source in _translations(message):
                continue
            if all(piece in shown for piece in pieces):
                yield source


def _is_french(answer: Any, *sentences: str) -> None:
    page = answer.content.decode()
    shown = html.unescape(page)
    assert '<html lang="fr">' in page
    for sentence in sentences:
        assert sentence in shown
    assert list(_english_left_over(page)) == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "status", "sentence"),
    [
        ("/", 200, "Une image ou une vidéo intime de vous est en ligne"),
        ("/report/", 200, "Signez en écrivant votre nom"),
        ("/status/", 200, "Votre code de suivi"),
        ("/sign-in/", 401, "Ce bureau est réservé à la modération."),
        ("/sign-in/" + "A" * 32 + "/", 200, "Le lien sert une seule fois."),
        ("/nowhere/", 404, "Il n’y a rien ici"),
    ],
)
def test_a_page_for_everybody_speaks_french(
    client: Client, path: str, status: int, sentence: str
) -> None:
    answer = client.get(path, headers={"accept-language": "fr"})

    assert answer.status_code == status
    _is_french(answer, sentence, "Aller au contenu")


@pytest.mark.django_db
def test_what_is_missing_is_asked_for_in_french(client: Client) -> None:
    answer = client.post("/report/", {"places": "?"}, headers={"accept-language": "fr"})

    _is_french(answer, "C’est presque terminé.", "Merci de signer en écrivant votre nom.")


@pytest.mark.django_db
def test_a_wrong_code_is_answered_in_french(client: Client) -> None:
    answer = client.post("/status/", {"code": "wrong"}, headers={"accept-language": "fr"})

    _is_french(answer, "Nous ne connaissons aucun signalement avec ce code.")


@pytest.mark.django_db
def test_an_expired_form_is_answered_in_french() -> None:
    client = Client(enforce_csrf_checks=True)

    answer = client.post("/report/", {}, headers={"accept-language": "fr"})

    assert answer.status_code == 403
    _is_french(answer, "Cette page est restée ouverte trop longtemps")


@pytest.mark.django_db
@pytest.mark.parametrize("status", [400, 403, 404, 411, 413, 500, 503])
def test_an_error_speaks_french(rf: RequestFactory, status: int) -> None:
    with translation.override("fr"):
        answer: HttpResponse = error_page(rf.get("/"), status)

    _is_french(answer, "Vers la page d’accueil")


def test_the_persons_status_speaks_french(client: Client, receipt: Receipt) -> None:
    client.post("/status/", {"code": receipt.code})

    answer = client.get("/status/", headers={"accept-language": "fr"})

    _is_french(answer, "Votre signalement", "Une personne de la modération va décider.")


def test_the_uploaders_page_speaks_french(client: Client, removed_case: Case) -> None:
    path = f"/reasons/{reasons.token_of(Removal.objects.get())}/"

    answer = client.post(path, {"text": ""}, headers={"accept-language": "fr"})

    _is_french(answer, "Pourquoi votre image a été retirée", "Envoyer la contestation")
    assert ALICE not in answer.content.decode()


@pytest.mark.parametrize("page", ["", "cases/{}/"])
def test_the_desk_speaks_french(bobs_browser: Client, case: Case, page: str) -> None:
    answer = bobs_browser.get("/desk/" + page.format(case.pk), headers={"accept-language": "fr"})

    _is_french(answer, case.number)


def test_a_decided_case_speaks_french(bobs_browser: Client, removed_case: Case) -> None:
    answer = bobs_browser.get(f"/desk/cases/{removed_case.pk}/", headers={"accept-language": "fr"})

    _is_french(answer, "retrait vérifié", "Retirer et bloquer durablement")


def test_a_further_language_needs_no_code(tmp_path: Path) -> None:
    """A folder with a catalogue: the pages speak it, and offer it."""
    words = tool.PlainCatalog(locale="es", fuzzy=False)
    words.add("Ask for removal", "Pedir la retirada")
    folder = tmp_path / "es" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    with (folder / "django.mo").open("wb") as file:
        tool.write_mo(file, words)
    script = (
        "import django; django.setup()\n"
        "from django.test import Client\n"
        "spanish = {'accept-language': 'es-MX,es;q=0.9'}\n"
        "answer = Client(SERVER_NAME='127.0.0.1').get('/report/', headers=spanish)\n"
        "assert answer.status_code == 200\n"
        "print(answer.content.decode())"
    )
    environment = {
        **os.environ,
        "STAYDOWN_LOCALE": str(tmp_path),
        "STAYDOWN_DATA": str(tmp_path / "data"),
        "DJANGO_SETTINGS_MODULE": "staydown_server.project.settings",
    }

    page = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
    ).stdout

    assert '<html lang="es">' in page
    assert "<h1>Pedir la retirada</h1>" in page
    assert 'value="fr" lang="fr"' in page
    assert "Which picture or film?" in page, "what is not translated is there in English"
