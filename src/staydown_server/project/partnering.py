"""``staydown partner``: the lists that we publish, those that we follow, and who has which key."""

import argparse
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from staydown_server.project.say import DONE, FAILED, WRONG_USE, say

_KINDS = ("staydown", "stopncii", "ncmec", "threatexchange")


def add_partner(command: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """What ``staydown partner`` takes; gives each of its commands."""
    actions = command.add_subparsers(dest="action", required=True)

    begin = actions.add_parser("begin", help="begin a hash list for one audience")
    begin.add_argument("list", help="its name, as of a domain: forum.example")
    begin.add_argument(
        "--root-key", type=Path, required=True, metavar="FILE", help="made if it is not there"
    )
    begin.add_argument(
        "--only-two", action="store_true", help="only what two persons stand behind goes on it"
    )
    yield _runs(begin, _begin)

    keys = actions.add_parser("keys", help="have a new key sign a list from now on")
    keys.add_argument("list")
    keys.add_argument("--root-key", type=Path, required=True, metavar="FILE")
    keys.add_argument("--new-root-key", type=Path, metavar="FILE", help="signs the next change")
    keys.add_argument(
        "--begin-anew", action="store_true", help="after a theft: followers drop all but ours"
    )
    yield _runs(keys, _keys)

    read = actions.add_parser("let-read", help="give a partner a key to a list; shown once")
    read.add_argument("name", help="the partner, as of a domain: friends.example")
    read.add_argument("--list", required=True)
    yield _runs(read, _let_read)

    revoke = actions.add_parser("revoke", help="end a partner's keys to our list")
    revoke.add_argument("name")
    revoke.add_argument("--but-newest", action="store_true", help="leave the newest one")
    yield _runs(revoke, _revoke)

    follow = actions.add_parser("follow", help="follow a partner's list")
    follow.add_argument("name")
    follow.add_argument("--kind", choices=_KINDS, default="staydown")
    follow.add_argument("--address", required=True, metavar="URL")
    follow.add_argument("--root", metavar="KEY", help="the list's root key, as they told you")
    follow.add_argument("--list", default="", help="the list's name, where it is another")
    follow.add_argument(
        "--key-file",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="holds a key to fetch with, or JSON of what the kind needs; newest first",
    )
    follow.add_argument("--trust", default="careful", help="see sharing/rules.toml")
    follow.add_argument(
        "--most-a-day", type=int, metavar="N", help="more new entries a day wait for a person"
    )
    yield _runs(follow, _follow)

    unfollow = actions.add_parser("unfollow", help="follow a list no more, and drop all of it")
    unfollow.add_argument("name")
    yield _runs(unfollow, _unfollow)

    yield _runs(actions.add_parser("show", help="say how it stands with each partner"), _show)


def run(arguments: argparse.Namespace) -> int:
    """Do what was asked; Django is set up."""
    from staydown.exchange.hash_list import ListError
    from staydown_server.sharing.audiences import AudienceError
    from staydown_server.sharing.partners import PartnerError

    chosen: Callable[[argparse.Namespace], int] = arguments.run
    try:
        return chosen(arguments)
    except (AudienceError, PartnerError, ListError, _CannotRead) as error:
        return say(f"{error}", FAILED)


def _runs(
    command: argparse.ArgumentParser, function: Callable[[argparse.Namespace], int]
) -> argparse.ArgumentParser:
    command.add_argument("--json", action="store_true", help="print JSON")
    command.set_defaults(run=function)
    return command


def _begin(arguments: argparse.Namespace) -> int:
    from staydown.exchange.hash_list import SigningKey
    from staydown_server.sharing import audiences
    from staydown_server.sharing.rules import OWN_HOWS

    file: Path = arguments.root_key
    if not file.exists():
        _write_key(file, SigningKey.new().to_text())
    hows = ("reviewed-by-two",) if arguments.only_two else OWN_HOWS
    made = audiences.begin(arguments.list, root=_signing_key(file), hows=hows)
    told = {"list": made.name, "address": _address(made.name), "root": _root_of(made)}
    return _tell(arguments, told, "Followers need these; the root key's file goes off-line:")


def _keys(arguments: argparse.Namespace) -> int:
    from staydown_server.sharing import audiences

    new: Path | None = arguments.new_root_key
    audience = audiences.rotate(
        arguments.list,
        root=_signing_key(arguments.root_key),
        new_root=_signing_key(new) if new else None,
        begin_anew=arguments.begin_anew,
    )
    told = {"list": audience.name, "keys": audience.keys_number, "generation": audience.generation}
    return _tell(arguments, told, "Signed:")


def _let_read(arguments: argparse.Namespace) -> int:
    from staydown_server.sharing import partners
    from staydown_server.sharing.models import Audience

    key = partners.let_read(arguments.name, arguments.list)
    audience = Audience.objects.get(name=arguments.list)
    told = {
        "list": audience.name,
        "address": _address(audience.name),
        "root": _root_of(audience),
        "key": key,
    }
    return _tell(arguments, told, "Shown once; give it to the partner, not by the list:")


def _revoke(arguments: argparse.Namespace) -> int:
    from staydown_server.sharing import partners

    ended = partners.revoke(arguments.name, but_newest=arguments.but_newest)
    return _tell(arguments, {"ended": ended}, "Keys:")


def _follow(arguments: argparse.Namespace) -> int:
    from staydown_server.sharing import partners
    from staydown_server.sharing.models import Partner

    limits = {"trust": arguments.trust, "most_a_day": arguments.most_a_day}
    keys = [_text(file) for file in arguments.key_file]
    if arguments.kind == "staydown":
        if not arguments.root:
            return say("a Staydown list needs --root: the key that they told you", WRONG_USE)
        partner = partners.follow_staydown(
            arguments.name,
            address=arguments.address,
            root=arguments.root,
            keys=keys,
            list_name=arguments.list,
            **limits,
        )
    else:
        try:
            credentials = [json.loads(key) for key in keys]
        except ValueError:
            return say("the key file must hold JSON: docs/partners.md says which", WRONG_USE)
        partner = partners.follow_list(
            arguments.name,
            Partner.Kind(arguments.kind),
            address=arguments.address,
            credentials={"keys": credentials, "list": arguments.list},
            **limits,
        )
    return _tell(arguments, {"partner": partner.name, "trust": partner.trust}, "Followed:")


def _unfollow(arguments: argparse.Namespace) -> int:
    from staydown_server.sharing import partners

    return _tell(arguments, {"dropped": partners.unfollow(arguments.name)}, "Entries:")


def _show(arguments: argparse.Namespace) -> int:
    from staydown_server.sharing import partners
    from staydown_server.sharing.models import Partner

    shown = [
        {
            "partner": each.name,
            "reads": each.audience.name if each.audience else None,
            "follows": each.kind or None,
            "trust": each.trust,
            "followed_at": each.followed_at.isoformat() if each.followed_at else None,
            "trouble": each.trouble,
            **partners.counts(each),
        }
        for each in Partner.objects.select_related("audience")
    ]
    if arguments.json:
        print(json.dumps(shown))
    else:
        for each in shown:
            print("  ".join(f"{name}: {value}" for name, value in each.items()))
    return DONE


def _tell(arguments: argparse.Namespace, told: dict[str, Any], sentence: str) -> int:
    if arguments.json:
        print(json.dumps(told))
    else:
        print(sentence)
        for name, value in told.items():
            print(f"  {name}: {value}")
    return DONE


def _address(name: str) -> str:
    from django.conf import settings

    return f"{settings.PUBLIC_URL}/api/v1/hash-lists/{name}"


def _root_of(audience: Any) -> str:
    from staydown_server.sharing.audiences import root_of

    return str(root_of(audience))


class _CannotRead(Exception):
    """A file cannot be read or written; the sentence says which."""


def _signing_key(file: Path) -> Any:
    from staydown.exchange.hash_list import SigningKey

    return SigningKey.read(_text(file))


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise _CannotRead(f"{file} cannot be read ({type(error).__name__})") from error


def _write_key(file: Path, text: str) -> None:
    try:
        descriptor = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
            opened.write(text + "\n")
    except OSError as error:
        raise _CannotRead(f"{file} cannot be written ({error.strerror})") from error
