"""What a file says of its origin, at the desk: context, and never more."""

import pytest
from django.test import Client

from library.media.origin_files import jpeg_with_xmp, png_text, png_with, xmp
from server.host_double import HostDouble
from server.pictures import fingerprint, with_region_replaced
from server.story import REASON, alice_reports, case_of, rows_of, run_jobs
from server.web.pages import text
from staydown_server.accounts.models import Host
from staydown_server.cases.models import Case
from staydown_server.catalogue.register import register
from staydown_server.gate.check import check
from staydown_server.gate.hold import Upload
from staydown_server.gate.models import HeldUpload

pytestmark = pytest.mark.django_db

AI = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
LABELLED = jpeg_with_xmp(xmp(attributes=f'Iptc4xmpExt:DigitalSourceType="{AI}"'))


def origin_page(browser: Client, host: Host, shown: HostDouble, content: bytes) -> str:
    shown.show("a", content)
    url = shown.page("a")
    register(
        host,
        host_item_id="a",
        url=url,
        media_url=shown.file("a"),
        fingerprint=fingerprint(content),
    )
    receipt = alice_reports(url)
    run_jobs()
    row = rows_of(case_of(receipt))[0]
    return text(browser.get(f"/desk/rows/{row.pk}/origin/"))


def test_the_desk_reads_what_a_label_says(
    bobs_browser: Client, host: Host, plaza: HostDouble
) -> None:
    page = origin_page(bobs_browser, host, plaza, LABELLED)

    assert "made with generative AI" in page
    assert "That is context only" in page


def test_a_prompt_is_never_shown(bobs_browser: Client, host: Host, plaza: HostDouble) -> None:
    """It may describe the person; that there was one is enough."""
    content = png_with(png_text("parameters", "a red barn, Steps: 20, Sampler: Euler"))

    page = origin_page(bobs_browser, host, plaza, content)

    assert "generative AI tool" in page
    assert "red barn" not in page


def test_a_file_without_marks_says_nothing_about_itself(
    bobs_browser: Client, host: Host, plaza: HostDouble, picture: bytes
) -> None:
    assert "no sign of either" in origin_page(bobs_browser, host, plaza, picture)


def test_a_file_that_is_gone_has_no_marks(
    bobs_browser: Client, host: Host, plaza: HostDouble, picture: bytes
) -> None:
    plaza.answers["/f/a.jpg"] = (410, {}, b"")

    page = origin_page(bobs_browser, host, plaza, picture)

    assert "does not give the file out" in page


def test_a_held_upload_keeps_its_marks_until_it_is_decided(
    bobs_browser: Client, drawn_case: Case, host: Host, drawing: bytes
) -> None:
    edited = with_region_replaced(drawing)
    packet = LABELLED[2 : LABELLED.index(b"\xff\xdb")]
    content = edited[:2] + packet + edited[2:]
    told = Upload("up-1", "charlie", lambda: content)
    check(fingerprint(content), host=host, upload=told)
    held = HeldUpload.objects.get()

    assert "made with generative AI" in text(bobs_browser.get(f"/desk/uploads/{held.pk}/"))

    form = {"outcome": "allowed", "reason": REASON}
    bobs_browser.post(f"/desk/uploads/{held.pk}/decide/", form)
    run_jobs()
    held.refresh_from_db()
    assert held.marks == []
