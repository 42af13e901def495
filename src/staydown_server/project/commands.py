"""The server's commands, added to the library's ``staydown`` through entry points.

Each ``register`` function adds one command; Django starts only when the command runs.
"""

import argparse
import json
import os
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from staydown_server.project import care, partnering, recording, scanning
from staydown_server.project.say import DONE, FAILED, WRONG_USE, say

if TYPE_CHECKING:
    Subcommands = argparse._SubParsersAction[argparse.ArgumentParser]


def serve(commands: "Subcommands") -> None:
    """``staydown serve``: the web server and the job worker, until told to stop."""
    command = commands.add_parser("serve", help="start the server: pages, API and jobs")
    _add_data(command)
    command.add_argument("--host", default="127.0.0.1", help="address to listen on")
    command.add_argument("--port", type=int, default=8000, help="port to listen on")
    command.add_argument(
        "--only",
        choices=("web", "jobs"),
        help="serve one part here, and the other elsewhere, on the same PostgreSQL database",
    )
    command.set_defaults(func=_serve)


def audit(commands: "Subcommands") -> None:
    """``staydown audit``: whether the log is whole, and what to keep elsewhere of it."""
    command = commands.add_parser("audit", help="look after the audit log")
    for each in recording.add_audit(command):
        _add_data(each)
        each.set_defaults(func=_record)


def records(commands: "Subcommands") -> None:
    """``staydown records``: what leaves the installation on record."""
    command = commands.add_parser("records", help="statements, yearly numbers, evidence packages")
    for each in recording.add_records(command):
        _add_data(each)
        each.set_defaults(func=_record)


def moderator(commands: "Subcommands") -> None:
    """``staydown moderator link``: an invitation to the desk."""
    command = commands.add_parser("moderator", help="let moderators in")
    actions = command.add_subparsers(dest="action", required=True)
    link = actions.add_parser("link", help="print an invitation: a link that works once")
    link.add_argument("email", help="their e-mail address; a new one makes a new account")
    link.add_argument(
        "--role",
        choices=("auditor", "moderator", "senior", "administrator"),
        help="the first of all is an administrator by default, others are moderators",
    )
    _add_data(link)
    link.add_argument("--url", help="address of the server, where it is not in the settings")
    link.set_defaults(func=_moderator_link)


def host(commands: "Subcommands") -> None:
    """``staydown host add``: plug a platform in."""
    command = commands.add_parser("host", help="plug platforms in")
    actions = command.add_subparsers(dest="action", required=True)
    add = actions.add_parser("add", help="add a host; prints its API key and webhook secret once")
    add.add_argument("name", help="a short name: letters, digits, dashes")
    _add_data(add)
    add.add_argument(
        "--origin",
        action="append",
        required=True,
        help="an address of the host; may be repeated",
    )
    add.add_argument("--webhook", default="", help="where the host takes our events")
    add.add_argument(
        "--kind", default="webhook", help="what the host runs, see docs/hosts; default: webhook"
    )
    add.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a setting of that kind; @FILE as its value reads a file, as every secret must be",
    )
    add.add_argument("--private", action="store_true", help="the host is on a private network")
    add.add_argument(
        "--banks",
        action="store_true",
        help="the key may also import fingerprints, as consoles that speak HMA's API do",
    )
    add.add_argument("--rotate", action="store_true", help="replace key and secret of a known host")
    add.add_argument("--json", action="store_true", help="print the credentials as JSON")
    add.set_defaults(func=_host_add)


def partner(commands: "Subcommands") -> None:
    """``staydown partner``: hash lists, ours and those that we follow."""
    command = commands.add_parser("partner", help="share hash lists with other platforms")
    for each in partnering.add_partner(command):
        _add_data(each)
        each.set_defaults(func=_partner)


def scan(commands: "Subcommands") -> None:
    """``staydown scan``: register what a host has shown so far."""
    command = commands.add_parser("scan", help="register what a host shows already")
    _add_data(command)
    scanning.add_arguments(command)
    command.set_defaults(func=_scan)


def purge(commands: "Subcommands") -> None:
    """``staydown purge``: let go of what is personal and past its time."""
    command = commands.add_parser("purge", help="erase what is past its time, as every day")
    _add_data(command)
    command.add_argument("--dry-run", action="store_true", help="only say how much would go")
    command.add_argument("--json", action="store_true", help="print the numbers as JSON")
    command.set_defaults(func=_purge)


def doctor(commands: "Subcommands") -> None:
    """``staydown doctor``: what of the deployment is not as it should be."""
    command = commands.add_parser("doctor", help="check the deployment, and say what to do")
    _add_data(command)
    care.add_doctor(command)
    command.set_defaults(func=_doctor)


def backup(commands: "Subcommands") -> None:
    """``staydown backup``: a copy while the server runs."""
    command = commands.add_parser("backup", help="copy the installation while it serves")
    _add_data(command)
    care.add_backup(command)
    command.set_defaults(func=_backup)


def restore(commands: "Subcommands") -> None:
    """``staydown restore``: an installation from a backup and its key."""
    command = commands.add_parser("restore", help="make an installation from a backup")
    _add_data(command)
    care.add_restore(command)
    command.set_defaults(func=_restore)


def move(commands: "Subcommands") -> None:
    """``staydown move``: from the file in the folder to PostgreSQL."""
    command = commands.add_parser(
        "move", help="move from SQLite to the database of STAYDOWN_DATABASE_URL"
    )
    _add_data(command)
    command.set_defaults(func=_move)


def _add_data(command: argparse.ArgumentParser) -> None:
    default = Path(os.environ.get("STAYDOWN_DATA", "var/staydown"))
    command.add_argument("--data", type=Path, default=default, help="the installation's folder")


def _serve(arguments: argparse.Namespace) -> int:
    os.environ.setdefault("STAYDOWN_PUBLIC_URL", f"http://{arguments.host}:{arguments.port}")
    from staydown_server.project import supervisor

    try:
        _start(arguments.data)
        _check_data()
        parts = [arguments.only] if arguments.only else supervisor.PARTS
        supervisor.serve(arguments.data, host=arguments.host, port=arguments.port, parts=parts)
    except (_CannotStart, supervisor.CannotServe) as error:
        return say(f"staydown cannot be started: {error}", FAILED)
    return DONE


def _record(arguments: argparse.Namespace) -> int:
    try:
        _start(arguments.data, must_exist=True, must_be_ours=False)
    except _CannotStart as error:
        return say(f"the records cannot be read: {error}", FAILED)
    return recording.run(arguments)


def _partner(arguments: argparse.Namespace) -> int:
    try:
        _start(arguments.data, must_exist=True)
    except _CannotStart as error:
        return say(f"partners cannot be reached: {error}", FAILED)
    return partnering.run(arguments)


def _moderator_link(arguments: argparse.Namespace) -> int:
    try:
        _start(arguments.data)
    except _CannotStart as error:
        return say(f"no link can be made: {error}", FAILED)
    from django.conf import settings
    from django.core.exceptions import ValidationError
    from django.core.validators import validate_email
    from django.urls import reverse

    from staydown_server.accounts.models import Role
    from staydown_server.people.invite import invite

    try:
        validate_email(arguments.email)
    except ValidationError:
        return say(f"{arguments.email!r} is not an e-mail address", WRONG_USE)
    base = (arguments.url or settings.PUBLIC_URL).rstrip("/")
    role = Role(arguments.role) if arguments.role else None
    token = invite(arguments.email, role=role, by="operator")
    print(base + reverse("web:sign_in", args=[token]))
    return DONE


def _host_add(arguments: argparse.Namespace) -> int:
    try:
        _start(arguments.data)
    except _CannotStart as error:
        return say(f"the host cannot be added: {error}", FAILED)
    from django.core.exceptions import ValidationError
    from django.core.validators import validate_slug

    from staydown_server.accounts.hosts import BANKS, SCOPES, HostError, add_host
    from staydown_server.removal.hosts.connector import SettingError

    try:
        validate_slug(arguments.name)
    except ValidationError:
        return say("a host's name has letters, digits, dashes and underscores only", WRONG_USE)
    try:
        settings = _settings_of(arguments.kind, arguments.set)
    except SettingError as error:
        return say(f"the host cannot be added: {error}", WRONG_USE)
    try:
        credentials = add_host(
            arguments.name,
            origins=arguments.origin,
            webhook_url=arguments.webhook,
            kind=arguments.kind,
            credentials=settings,
            is_private=arguments.private,
            scopes=(*SCOPES, BANKS) if arguments.banks else SCOPES,
            rotate=arguments.rotate,
        )
    except HostError as error:
        return say(f"the host cannot be added: {error}", FAILED)
    shown = {
        "host": credentials.host,
        "api_key": credentials.api_key,
        "webhook_secret": credentials.webhook_secret,
    }
    if arguments.json:
        print(json.dumps(shown))
    else:
        print("Shown once; keep them where the host's software can read them:")
        for name, value in shown.items():
            print(f"  {name}: {value}")
    return DONE


def _settings_of(kind: str, pairs: list[str]) -> dict[str, str]:
    """What ``--set`` says, with files read; raises a SettingError in a sentence."""
    from staydown_server.removal.hosts import KINDS
    from staydown_server.removal.hosts.connector import SettingError, checked

    if kind not in KINDS:
        raise SettingError(f"the kind is one of: {', '.join(KINDS)}")
    secrets = {setting.name for setting in KINDS[kind].settings if setting.is_secret}
    given = {}
    for pair in pairs:
        name, _, value = pair.partition("=")
        if value.startswith("@"):
            try:
                value = Path(value[1:]).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                raise SettingError(f"the file for {name} cannot be read") from error
        elif name in secrets:
            raise SettingError(
                f"{name} is a secret, which everybody on this machine could see in the list of "
                f"processes: put it into a file and write {name}=@FILE"
            )
        given[name] = value
    return checked(KINDS[kind], given)


def _scan(arguments: argparse.Namespace) -> int:
    try:
        _start(arguments.data, must_exist=True)
    except _CannotStart as error:
        return say(f"the scan cannot be started: {error}", FAILED)
    return scanning.run(arguments)


def _purge(arguments: argparse.Namespace) -> int:
    try:
        _start(arguments.data, must_exist=True)
    except _CannotStart as error:
        return say(f"nothing can be purged: {error}", FAILED)
    from staydown_server.review import purge

    gone = purge.plan() if arguments.dry_run else purge.run()
    if arguments.json:
        print(json.dumps(gone))
    else:
        print("Past its time:" if arguments.dry_run else "Purged:")
        for name, count in gone.items():
            print(f"  {count:>8} {name}")
    return DONE


def _doctor(arguments: argparse.Namespace) -> int:
    try:
        _start(arguments.data, must_exist=True)
        _check_data()
    except _CannotStart as error:
        return say(f"wrong: {error}", FAILED)
    return care.examine(arguments)


def _backup(arguments: argparse.Namespace) -> int:
    if os.environ.get("STAYDOWN_DATABASE_URL"):
        sentence = "PostgreSQL is backed up with its own tools, such as pg_dump (docs/upgrade.md)"
        return say(sentence, WRONG_USE)
    try:
        _start(arguments.data, must_exist=True)
    except _CannotStart as error:
        return say(f"nothing can be backed up: {error}", FAILED)
    return care.back_up(arguments, key_file=_key_file(arguments.data))


def _restore(arguments: argparse.Namespace) -> int:
    from staydown_server.project import backup

    apart = os.environ.get("STAYDOWN_KEY_FILE")
    if arguments.key is None and apart is None:
        return say("say with --key where the installation's key is", WRONG_USE)
    try:
        backup.restore(
            arguments.backup,
            arguments.data,
            key_file=arguments.key or Path(apart or ""),
            takes_key=apart is None,
        )
        _start(arguments.data, must_exist=True)
    except (backup.BackupError, _CannotStart) as error:
        return say(f"it was not restored: {error}", FAILED)
    return care.verify()


def _key_file(data: Path) -> Path:
    return Path(os.environ.get("STAYDOWN_KEY_FILE", data / "keys" / "installation.key"))


def _move(arguments: argparse.Namespace) -> int:
    file = arguments.data / "staydown.sqlite3"
    if not os.environ.get("STAYDOWN_DATABASE_URL"):
        return say("STAYDOWN_DATABASE_URL must say where to: it is not set", WRONG_USE)
    if not file.exists():
        return say(f"nothing can be moved: there is no {file}", FAILED)
    try:
        _start(arguments.data, must_be_ours=False)
    except _CannotStart as error:
        return say(f"nothing can be moved: {error}", FAILED)
    from django.db import DatabaseError

    from staydown_server import vault
    from staydown_server.project import moving, supervisor
    from staydown_server.project.say import show_progress

    try:
        with supervisor.lock(arguments.data):
            moved = moving.move(arguments.data, tell=show_progress)
    except (moving.CannotMove, supervisor.CannotServe, vault.VaultError) as error:
        return say(f"nothing was moved: {error}", FAILED)
    except DatabaseError as error:
        # Its text can quote a row.
        return say(f"nothing was moved: a database refused ({type(error).__name__})", FAILED)
    finally:
        show_progress(None)
    print(
        f"Moved {sum(moved.rows.values())} rows of {len(moved.rows)} tables; all are as they were."
    )
    print(f"The audit log is whole: {moved.lines} lines. Every sealed value can be read.")
    print(f"The old file is {file}.moved: destroy it once you have a backup of the new database.")
    return DONE


class _CannotStart(Exception):
    """The installation's folder cannot be used."""


def _start(data: Path, *, must_exist: bool = False, must_be_ours: bool = True) -> None:
    """Start Django on the installation in *data*: made if need be, brought up to date.

    Unless it *must_be_ours*, a database whose log was begun with another key will do.
    """
    if find_spec("django") is None:
        raise _CannotStart("the server's packages are missing: pip install 'staydown[server]'")
    from staydown_server.project.database import CannotConnect, is_begun, tables_are_ours

    url = os.environ.get("STAYDOWN_DATABASE_URL", "")
    try:
        is_there = is_begun(url, data)
    except CannotConnect as error:
        raise _CannotStart(str(error)) from error
    if must_exist and not is_there:
        place = "the database of STAYDOWN_DATABASE_URL" if url else data
        raise _CannotStart(f"there is no installation in {place}")
    try:
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        probe = data / f".writable-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise _CannotStart(f"the folder {data} cannot be written to ({error.strerror})") from error
    os.environ["STAYDOWN_DATA"] = str(data)
    os.environ["DJANGO_SETTINGS_MODULE"] = "staydown_server.project.settings"
    # The key comes first: the settings read it.
    key_file = _key_file(data)
    if not key_file.exists():
        if is_there:
            raise _CannotStart(
                f"the key {key_file} is missing, and without it what is stored cannot be read: "
                "restore it from its backup, or copy it from the machine that has it"
            )
        _make_key(key_file)
    import django
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import call_command
    from django.db import DatabaseError

    try:
        django.setup()
    except ImproperlyConfigured as error:
        raise _CannotStart(str(error)) from error
    (data / "incoming").mkdir(exist_ok=True, mode=0o700)
    try:
        with tables_are_ours():
            call_command("migrate", verbosity=0, interactive=False)
        from staydown_server import audit

        if must_be_ours and not audit.is_ours():
            raise _CannotStart(
                f"the database was begun with another key than {key_file}: put that key there, "
                "or correct the address of the database. If the key is the right one, somebody "
                "altered the audit log: staydown audit verify"
            )
    except DatabaseError as error:
        raise _CannotStart(f"the database in {data} cannot be used ({error})") from error


def _check_data() -> None:
    # Now, not when the first notice waits for a case that cannot be opened, or at the gate.

    from staydown.media.origin import AnchorsError
    from staydown_server.cases.fairness import FairnessError, fairness
    from staydown_server.cases.jurisdictions import UnknownJurisdiction, strictest
    from staydown_server.cases.retention import RetentionError, retentions
    from staydown_server.catalogue.read import trust_anchors
    from staydown_server.escalation import letters
    from staydown_server.escalation import rules as stages
    from staydown_server.gate.policy import PolicyError, policy
    from staydown_server.providers import known
    from staydown_server.sharing.rules import RulesError, rules

    try:
        strictest()
        retentions()
        fairness()
        policy()
        rules()
        trust_anchors()
        known.read_all()
        stages.rules()
        letters.languages()
    except (
        UnknownJurisdiction,
        RetentionError,
        FairnessError,
        PolicyError,
        RulesError,
        AnchorsError,
        known.DataError,
        stages.RulesError,
        letters.LettersError,
    ) as error:
        raise _CannotStart(str(error)) from error


def _make_key(key_file: Path) -> None:
    from django.conf import settings  # noqa: F401  the vault needs Django installed

    from staydown_server import vault

    try:
        vault.make_key(key_file)
    except OSError as error:
        raise _CannotStart(f"the key {key_file} cannot be made ({error.strerror})") from error
