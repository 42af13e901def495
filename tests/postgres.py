"""PostgreSQL for tests: a cluster of its own in a temporary folder, which goes with it."""

import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

#: Debian keeps the programs of each version apart.
_FOLDERS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)


def program(name: str) -> str:
    """The path of one of PostgreSQL's programs."""
    path = os.pathsep.join([*map(str, _FOLDERS), os.environ.get("PATH", "")])
    found = shutil.which(name, path=path)
    if found is None:
        raise RuntimeError(f"the program {name} is missing: apt install postgresql")
    return found


class Cluster:
    """One PostgreSQL server, on a Unix socket in a folder of its own and, with a *port*, on
    127.0.0.1. Without *is_durable* it does not wait for the disk: quicker, and the same but for
    a power cut."""

    def __init__(self, *, is_durable: bool = False, port: int | None = None) -> None:
        # Not below pytest's folder: the path of a socket has room for some hundred letters.
        self.folder = Path(tempfile.mkdtemp(prefix="staydown-postgresql-"))
        self._data = self.folder / "data"
        # PostgreSQL refuses to run as root.
        self.user = "postgres" if os.getuid() == 0 else None
        if self.user:
            shutil.chown(self.folder, self.user)
        self._run("initdb", "--no-sync", "--auth=trust", "--username=staydown", "--encoding=UTF8")
        settings = ["max_connections = 200", f"unix_socket_directories = '{self.folder}'"]
        settings.append(f"listen_addresses = '{'127.0.0.1' if port else ''}'")
        settings += [f"port = {port}"] if port else []
        if not is_durable:
            settings += ["fsync = off", "full_page_writes = off", "autovacuum = off"]
        with (self._data / "postgresql.conf").open("a") as file:
            file.write("\n".join(["", *settings, ""]))
        self._port = port

    def start(self) -> None:
        log = str(self.folder / "log")
        self._run("pg_ctl", "start", "--wait", "--silent", "--log", log)

    def stop(self, mode: str = "fast") -> None:
        """As an operator does; with ``immediate``, as a crash does."""
        self._run("pg_ctl", "stop", "--wait", "--silent", "--mode", mode)

    def is_running(self) -> bool:
        return (self._data / "postmaster.pid").exists()

    def kill(self) -> None:
        """SIGKILL, to its main process: the others end when they notice."""
        os.kill(self.pid(), signal.SIGKILL)

    def end(self) -> None:
        """Stop it, and leave nothing of it."""
        if self.is_running():
            os.kill(self.pid(), signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)

    def create(self, name: str) -> str:
        """Make a database; returns its address."""
        done = subprocess.run(
            [program("createdb"), "--host", str(self.folder), "--username=staydown", name]
            + (["--port", str(self._port)] if self._port else []),
            check=False,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise RuntimeError(done.stderr)
        return self.url(name)

    def url(self, name: str = "postgres") -> str:
        if self._port:
            return f"postgresql://staydown@127.0.0.1:{self._port}/{name}"
        return f"postgresql://staydown@/{name}?host={self.folder}"

    def pid(self) -> int:
        return int((self._data / "postmaster.pid").read_text().split()[0])

    def _run(self, name: str, *arguments: str) -> None:
        done = subprocess.run(
            [program(name), *arguments, "--pgdata", str(self._data)],
            user=self.user,
            group=self.user,
            extra_groups=[] if self.user else None,
            cwd=self.folder,
            check=False,
            # What stays behind must not hold the test's own pipes open.
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE if name == "initdb" else subprocess.DEVNULL,
            text=True,
        )
        if done.returncode:
            raise RuntimeError(f"{name} failed: {done.stderr or self._log()}")

    def _log(self) -> str:
        log = self.folder / "log"
        return log.read_text()[-2000:] if log.exists() else "no log"
