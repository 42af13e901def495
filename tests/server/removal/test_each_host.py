"""What is particular to each host."""

from collections.abc import Callable

import pytest

from server.removal.fakes.base import Reply
from server.removal.fakes.discourse import FakeDiscourse
from server.removal.fakes.lemmy import FakeLemmy
from server.removal.fakes.mastodon import FakeMastodon
from server.removal.fakes.matrix import FakeSynapse
from server.removal.fakes.peertube import FakePeerTube
from server.removal.fakes.telegram import FakeTelegram
from staydown_server.jobs import RetryLater
from staydown_server.removal.hosts.connector import Order, Refusal
from staydown_server.removal.models import Removal

Trouble = Removal.Trouble


def refused(step: Callable[[Order], bool], order: Order) -> Refusal:
    with pytest.raises(Refusal) as caught:
        step(order)
    return caught.value


class TestMastodon:
    """Reports for its moderators, or the suspension of an account."""

    def test_a_report_tells_the_moderators_once(self, mastodon: FakeMastodon) -> None:
        """As illegal content, with nothing about whoever sent the notice; then we wait."""
        connector, order = mastodon.connector(action="report"), mastodon.order()

        assert connector.take_down(order)
        assert connector.take_down(order)

        (report,) = mastodon.reports
        assert report["status_ids[]"] == ["1001"]
        assert (report["category"], report["forward"]) == (["legal"], ["false"])
        assert not connector.is_gone(order)
        mastodon.statuses.discard("1001")
        assert connector.is_gone(order)

    def test_a_status_that_came_back_is_reported_again(self, mastodon: FakeMastodon) -> None:
        """A new turn of the order is a new report."""
        connector, order = mastodon.connector(action="report"), mastodon.order()
        connector.take_down(order)

        connector.take_down(mastodon.order(turn=2, receipt=order.receipt))

        assert len(mastodon.reports) == 2

    def test_what_moderators_delete_cannot_be_undone(self, mastodon: FakeMastodon) -> None:
        """It is said as data, before anybody decides, and refused for good."""
        connector = mastodon.connector(action="report")

        assert not connector.reversible
        assert mastodon.connector(action="suspend").reversible
        assert refused(connector.restore, mastodon.order()).is_final

    @pytest.mark.parametrize("scope", ["read:statuses", "write:reports"])
    def test_each_scope_is_needed_to_report(self, mastodon: FakeMastodon, scope: str) -> None:
        """The page names them."""
        mastodon.scopes.discard(scope)

        refusal = refused(mastodon.connector(action="report").take_down, mastodon.order())

        assert refusal.trouble == Trouble.FORBIDDEN

    def test_previews_are_looked_at_too(self, mastodon: FakeMastodon) -> None:
        """Those that lie at the host; a file elsewhere is not ours to ask for."""
        connector, order = mastodon.connector(), mastodon.order()
        connector.take_down(order)

        urls = [address.url for address in connector.addresses(order)]

        assert mastodon.url + mastodon.preview in urls
        assert not any("elsewhere" in url for url in urls)

    def test_the_author_gets_the_link_to_appeal(self, mastodon: FakeMastodon) -> None:
        """By the instance's mail; a report, which others read, has none."""
        order = mastodon.order(statement={"appeal_url": "https://take.example/reasons/x/"})
        mastodon.connector(action="report").take_down(order)
        mastodon.connector().take_down(order)

        suspension = mastodon.changes[-1].form
        assert "https://take.example/reasons/x/" in suspension["text"][0]
        assert suspension["send_email_notification"] == ["true"]
        assert "reasons" not in mastodon.reports[0]["comment"][0]

    def test_an_account_that_others_suspended_is_not_let_free(self, mastodon: FakeMastodon) -> None:
        """We did not do it, so we do not undo it."""
        mastodon.is_suspended = True
        connector, order = mastodon.connector(), mastodon.order()

        assert connector.take_down(order) is False
        assert connector.restore(order) is False

        assert mastodon.is_suspended

    def test_two_statuses_of_one_account_are_one_thing(self, mastodon: FakeMastodon) -> None:
        """Whoever is suspended for both is let free for both."""
        connector = mastodon.connector()
        one, other = mastodon.order("1001").item, mastodon.order("1002").item
        other.url = f"{mastodon.url}/@Mallory/1002"
        stranger = mastodon.order("1003").item
        stranger.url = f"{mastodon.url}/@charlie/1003"

        assert connector.unit(one, {}) == connector.unit(other, {})
        assert connector.unit(one, {}) != connector.unit(stranger, {})
        reports = mastodon.connector(action="report")
        assert reports.unit(one, {}) != reports.unit(other, {})

    def test_a_status_without_an_authors_address_is_not_suspended_for(
        self, mastodon: FakeMastodon
    ) -> None:
        """Nobody would know which other statuses hang on it."""
        order = mastodon.order()
        order.item.url = f"{mastodon.url}/statuses/1001"

        assert refused(mastodon.connector().take_down, order).trouble == Trouble.UNKNOWN_ID


class TestPeerTube:
    """Blocked, made private, without its thumbnails."""

    def test_files_and_thumbnails_are_gone_too(self, peertube: FakePeerTube) -> None:
        """A block alone would leave all of them at their addresses."""
        connector, order = peertube.connector(), peertube.order()
        thumbnails = set(peertube.thumbnails.values())

        connector.take_down(order)

        assert peertube.privacy == 3
        assert peertube.block is not None
        assert peertube.block["unfederate"] is True
        assert not thumbnails & set(peertube.thumbnails.values())
        looked_at = {address.url.rpartition("/")[2] for address in connector.addresses(order)}
        assert looked_at >= {*thumbnails, "m.m3u8", peertube.file.rpartition("/")[2]}

    @pytest.mark.parametrize("left", ["privacy", "thumbnailfile", "previewfile"])
    def test_one_that_is_still_served_is_found(self, peertube: FakePeerTube, left: str) -> None:
        """Each address counts."""
        connector, order = peertube.connector(), peertube.order()
        before = dict(peertube.thumbnails)
        connector.take_down(order)
        assert connector.is_gone(order)

        if left == "privacy":
            peertube.privacy = 1
        else:
            peertube.thumbnails[left] = before[left]

        assert not connector.is_gone(order)

    @pytest.mark.parametrize("privacy", [1, 2, 3, 4, 5])
    def test_it_is_as_visible_as_before(self, peertube: FakePeerTube, privacy: int) -> None:
        """Public or unlisted; and what was private stays so."""
        peertube.privacy = privacy
        connector, order = peertube.connector(), peertube.order()

        connector.take_down(order)
        # Once more, as after a crash: what it was before is not forgotten.
        connector.take_down(order)
        assert peertube.privacy == (3 if privacy in (1, 2) else privacy)
        connector.restore(order)

        assert peertube.privacy == privacy
        assert peertube.block is None

    def test_a_video_of_another_instance_is_blocked_here(self, peertube: FakePeerTube) -> None:
        """Its files are not ours to move."""
        peertube.is_local = False

        assert peertube.connector().take_down(peertube.order())

        assert peertube.block is not None
        assert peertube.block["unfederate"] is False
        assert [request.method for request in peertube.changes if "videos" in request.path] == [
            "POST"
        ]

    def test_one_picture_is_enough_for_newer_versions(self, peertube: FakePeerTube) -> None:
        """They refuse the second name; what stays is found by looking."""
        del peertube.thumbnails["previewfile"]
        connector, order = peertube.connector(), peertube.order()

        assert connector.take_down(order)
        assert connector.is_gone(order)

    @pytest.mark.parametrize("link", ["https://take.example/reasons/x/", "https://x/" + 300 * "x"])
    def test_the_owner_gets_the_link_to_appeal(self, peertube: FakePeerTube, link: str) -> None:
        """Within the 300 characters that PeerTube takes."""
        peertube.connector().take_down(peertube.order(statement={"appeal_url": link}))

        assert peertube.block is not None
        assert link[:200] in peertube.block["reason"]

    def test_we_sign_in_once(self, peertube: FakePeerTube) -> None:
        """The host lets us sign in 15 times in 5 minutes."""
        for _ in range(3):
            peertube.connector().take_down(peertube.order())

        assert peertube.sign_ins == 1

    def test_a_token_that_ended_is_replaced(self, peertube: FakePeerTube) -> None:
        """Without a word."""
        peertube.connector().take_down(peertube.order())
        peertube.tokens.clear()

        assert peertube.connector().restore(peertube.order(receipt={"privacy": 1}))

        assert peertube.sign_ins == 2
        assert peertube.is_shown()


class TestLemmy:
    """Removed, or purged with its picture."""

    def test_a_removed_posts_picture_is_still_served(self, lemmy: FakeLemmy) -> None:
        """Removal hides the post alone, and our look says so."""
        connector, order = lemmy.connector(), lemmy.order()
        order.item.media_url = lemmy.url + lemmy.picture
        connector.take_down(order)

        assert not lemmy.is_shown()
        assert not connector.is_gone(order)

    @pytest.mark.parametrize("version", ["v3", "v4"])
    def test_a_purged_post_goes_with_its_picture(self, lemmy: FakeLemmy, version: str) -> None:
        """For good, as it is said as data."""
        lemmy.version = version
        connector, order = lemmy.connector(action="purge", api=version), lemmy.order()
        order.item.media_url = lemmy.url + lemmy.picture

        assert not connector.reversible
        assert connector.take_down(order) is True
        assert connector.take_down(order) is False

        assert connector.is_gone(order)
        assert refused(connector.restore, order).is_final

    def test_a_moderator_cannot_purge(self, lemmy: FakeLemmy) -> None:
        """Only an administrator can."""
        lemmy.is_admin = False

        refusal = refused(lemmy.connector(action="purge").take_down, lemmy.order())

        assert refusal.trouble == Trouble.FORBIDDEN

    @pytest.mark.parametrize("status", [400, 404])
    def test_two_ways_to_say_that_there_is_none(self, lemmy: FakeLemmy, status: int) -> None:
        """They differ between releases of 0.19."""
        lemmy.missing = Reply(status, {"error": "couldnt_find_post"})
        connector, order = lemmy.connector(), lemmy.order()
        connector.take_down(order)

        assert connector.is_gone(order)
        lemmy.forget()
        assert connector.take_down(order) is False

    def test_another_400_is_no_proof(self, lemmy: FakeLemmy) -> None:
        """Such as that of an instance that shows nothing to strangers."""
        connector, order = lemmy.connector(), lemmy.order()
        lemmy.next.append(Reply(400, {"error": "instance_is_private"}))

        assert not connector.is_gone(order)

    def test_the_look_goes_without_our_token(self, lemmy: FakeLemmy) -> None:
        """A moderator sees what was removed."""
        connector, order = lemmy.connector(), lemmy.order()
        connector.is_gone(order)

        assert lemmy.requests[-1].bearer is None


class TestDiscourse:
    """Posts; and topics, for their first."""

    def test_a_first_post_goes_with_its_topic(self, discourse: FakeDiscourse) -> None:
        """And comes back with it."""
        connector, order = discourse.connector(), discourse.order("200")

        assert connector.take_down(order)
        assert discourse.posts[200]["deleted_at"]
        assert connector.is_gone(order)
        assert connector.take_down(order)
        assert connector.restore(order)

        assert not discourse.posts[200]["deleted_at"]
        assert [(request.method, request.path) for request in discourse.changes] == [
            ("DELETE", "/t/30.json"),
            ("PUT", "/t/30/recover.json"),
        ]

    def test_the_topics_page_is_no_proof_against_it(self, discourse: FakeDiscourse) -> None:
        """It goes on showing what others wrote; an uploaded file counts."""
        connector, order = discourse.connector(), discourse.order()
        connector.take_down(order)
        assert connector.is_gone(order)

        order.item.media_url = f"{discourse.url}/t/uploads/a.jpeg"
        assert connector.is_gone(order)
        order.item.media_url = f"{discourse.url}/uploads/default/original/1X/a.jpeg"
        discourse.next.extend([Reply(404), Reply(200, raw=b"a picture")])

        assert not connector.is_gone(order)

    def test_two_pictures_of_a_post_are_one_thing(self, discourse: FakeDiscourse) -> None:
        """Told apart by what follows the slash."""
        connector = discourse.connector()

        units = {connector.unit(discourse.order(name).item, {}) for name in ("201/a", "201/b.png")}

        assert units == {"201"}


class TestSynapse:
    """Quarantined media."""

    def test_a_protected_file_is_found_to_be_served(self, synapse: FakeSynapse) -> None:
        """Synapse says yes and leaves it alone."""
        synapse.is_protected = True
        connector, order = synapse.connector(), synapse.order()

        assert connector.take_down(order)

        assert not connector.is_gone(order)

    def test_file_and_thumbnail_are_looked_at_with_the_token(self, synapse: FakeSynapse) -> None:
        """Media is given out to members only; never past the quarantine."""
        connector, order = synapse.connector(), synapse.order()
        connector.take_down(order)
        synapse.requests.clear()
        connector.is_gone(order)

        asked = {request.path.split("/")[-3]: request for request in synapse.requests}
        assert set(asked) == {"download", "thumbnail"}
        assert all("admin_unsafely_bypass_quarantine" not in r.query for r in synapse.requests)

    @pytest.mark.parametrize(
        "item_id", ["matrix.example/abcDEF123", "mxc://matrix.example/abcDEF123"]
    )
    def test_ids_with_and_without_their_scheme(self, synapse: FakeSynapse, item_id: str) -> None:
        """As rooms write them, or as addresses do."""
        assert synapse.connector().take_down(synapse.order(item_id))
        assert synapse.is_quarantined


class TestTelegram:
    """Deleted, once and for all."""

    def test_a_message_that_is_too_old_is_said_to_be(self, telegram: FakeTelegram) -> None:
        """48 hours, in a group that is no supergroup."""
        telegram.is_old = True

        refusal = refused(telegram.connector().take_down, telegram.order())

        assert refusal.trouble == Trouble.TOO_OLD
        # Somebody may delete it by hand: then the next try finds it gone.
        assert not refusal.is_final
        telegram.forget()
        assert telegram.connector().take_down(telegram.order()) is False

    def test_a_group_that_threw_the_bot_out_is_told(self, telegram: FakeTelegram) -> None:
        """As a right that is missing."""
        refusal = refused(telegram.connector().take_down, telegram.order("-100999/42"))

        assert refusal.trouble == Trouble.FORBIDDEN

    @pytest.mark.parametrize("token", ["", "no-colon", "1:a/../..", "1:a?x", "1:a b", "x:1"])
    def test_a_token_that_is_none_goes_into_no_address(
        self, telegram: FakeTelegram, token: str
    ) -> None:
        """It is part of the path."""
        refusal = refused(telegram.connector(token=token).take_down, telegram.order())

        assert refusal.trouble == Trouble.TOKEN
        assert telegram.requests == []

    def test_a_message_that_a_look_finds_is_not_gone(self, telegram: FakeTelegram) -> None:
        """The look deletes it, and the next one finds nothing."""
        connector, order = telegram.connector(), telegram.order()

        assert not connector.is_gone(order)
        assert connector.is_gone(order)

    def test_an_answer_without_ok_is_no_yes(self, telegram: FakeTelegram) -> None:
        """Whatever its status."""
        telegram.next.append(Reply(200, {"ok": "true"}))

        with pytest.raises((Refusal, RetryLater)):
            telegram.connector().take_down(telegram.order())
