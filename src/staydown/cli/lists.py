"""`staydown list`: read, check and keep hash lists, and take over the field's files.

What the steps do is in `staydown.cli.list_steps`, which needs packages that the library alone
does not: it is imported when a step is first used.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from importlib import import_module

from staydown.cli.pictures import WrongUse


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands to the parser's sub-commands."""
    steps = commands.add_parser("list", help="read, check and keep hash lists").add_subparsers(
        title="steps", metavar="STEP", required=True
    )
    for name, help_text in (
        ("verify", "check a list against its publisher's root key"),
        ("show", "say what stands on a list"),
        ("export", "write what stands on a list in one of the field's forms"),
    ):
        step = steps.add_parser(name, help=help_text)
        step.add_argument("source", metavar="LIST", help="a folder, or an address (https://...)")
        step.add_argument("--root", required=True, metavar="KEY", help="the publisher's public key")
        step.add_argument("--name", required=True, metavar="NAME", help="the list's name")
        step.add_argument("--key-file", metavar="FILE", help="holds the key for the address")
        if name == "export":
            step.add_argument("--out", metavar="FILE", help="written anew; without it, printed")
            step.add_argument("--form", default="csv", help="csv, threatexchange-csv, ...")
        _set(step, name)

    key = steps.add_parser("key", help="make a key that signs, and print its public half")
    key.add_argument("file", metavar="FILE", help="written, for your eyes only")
    _set(key, "key")

    create = steps.add_parser("create", help="begin an empty list in a folder")
    create.add_argument("folder", metavar="DIR")
    create.add_argument("--name", required=True, metavar="NAME", help="such as forum.example")
    create.add_argument("--root-key", required=True, metavar="FILE", help="kept off-line after")
    _signs(create, "create")

    take = steps.add_parser("import", help="put the hashes in files on a list in a folder")
    take.add_argument("files", nargs="+", metavar="FILE")
    take.add_argument("--into", required=True, metavar="DIR")
    take.add_argument("--form", help="csv, threatexchange-csv, ...; guessed without it")
    take.add_argument("--harm", required=True, help="such as intimate-unknown")
    take.add_argument("--by", required=True, metavar="NAME", help="who stands behind them")
    take.add_argument("--source", metavar="NAME", help="the list that they come from")
    take.add_argument("--how", default="imported", help="imported (default), reviewed, ...")
    take.add_argument("--confidence", type=int, default=50, metavar="0-100")
    take.add_argument("--days", type=int, help="for so long they stand")
    _signs(take, "import")

    retract = steps.add_parser("retract", help="take entries back")
    retract.add_argument("folder", metavar="DIR")
    retract.add_argument("ids", nargs="*", metavar="ID", help="none: sign the head again")
    retract.add_argument("--reason", default="mistaken", help="such as withdrawn, overturned")
    _signs(retract, "retract")

    rotate = steps.add_parser("rotate", help="say who signs from now on")
    rotate.add_argument("folder", metavar="DIR")
    rotate.add_argument("--root-key", required=True, metavar="FILE")
    rotate.add_argument("--new-root-key", metavar="FILE", help="signs the next rotation")
    rotate.add_argument(
        "--begin-anew", action="store_true", help="after a theft: followers forget all but this"
    )
    _signs(rotate, "rotate")


def _set(parser: argparse.ArgumentParser, step: str) -> None:
    parser.add_argument("--json", action="store_true", help="one line of JSON for each result")
    parser.set_defaults(func=_late(step))


def _signs(parser: argparse.ArgumentParser, step: str) -> None:
    parser.add_argument("--signing-key", required=True, metavar="FILE", help="of “list key”")
    _set(parser, step)


def _late(step: str) -> Callable[[argparse.Namespace], int]:
    def run(options: argparse.Namespace) -> int:
        try:
            steps = import_module("staydown.cli.list_steps")
        except ImportError:
            raise WrongUse(
                "“staydown list” needs more packages: pip install 'staydown[exchange]'."
            ) from None
        status: int = steps.run(step, options)
        return status

    return run
