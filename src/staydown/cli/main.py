"""The `staydown` command: what can be asked, and how a run ends.

Exit status: 0 done, 1 a file could not be read (the others were still done), 2 wrong
use. A user's mistake is answered with a sentence, never with a traceback.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points
from typing import NoReturn

import staydown
from staydown.cli import lists, pictures
from staydown.cli.say import complain

_PLUGINS = "staydown.commands"
WRONG_USE = 2


def main(arguments: list[str] | None = None) -> int:
    """Run the command line *arguments* (default: the program's) and return its status."""
    # Output into a pipe that closes early (`| head`) ends the program in silence.
    if arguments is None:
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    parser = _parser()
    options = parser.parse_args(arguments)
    run: Callable[[argparse.Namespace], int] | None = getattr(options, "func", None)
    if run is None:
        parser.print_help(sys.stderr)
        return WRONG_USE
    try:
        return run(options)
    except pictures.WrongUse as error:
        complain(str(error))
        return WRONG_USE
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="staydown",
        description="Find copies of reported pictures, and keep them down.",
    )
    parser.add_argument("--version", action="version", version=f"staydown {staydown.__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    pictures.register(commands)
    lists.register(commands)
    for plugin in sorted(entry_points(group=_PLUGINS), key=lambda each: each.name):
        _register(plugin, commands)
    return parser


def _register(
    plugin: EntryPoint, commands: argparse._SubParsersAction[argparse.ArgumentParser]
) -> None:
    """Let an installed package add its command, or say what it lacks once it is used."""
    try:
        register = plugin.load()
    except ImportError:
        stand_in = commands.add_parser(
            plugin.name,
            help="(needs the server: pip install 'staydown[server]')",
            add_help=False,
            # No argument starts with this: whatever the user asked for is taken.
            prefix_chars="\0",
        )
        stand_in.add_argument("rest", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
        stand_in.set_defaults(func=_missing(plugin.name))
        return
    register(commands)


def _missing(name: str) -> Callable[[argparse.Namespace], int]:
    def say_so(_options: argparse.Namespace) -> int:
        complain(f"“staydown {name}” needs the server's packages: pip install 'staydown[server]'.")
        return WRONG_USE

    return say_so


def run() -> NoReturn:
    """For `python -m staydown.cli.main`."""
    sys.exit(main())


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUTF8", "1")
    run()
