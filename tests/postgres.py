"""A PostgreSQL server for tests and benchmarks, gone when they end."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

PASSWORD = "s3cret/word@host"
_HOMES = ("/usr/lib/postgresql/*/bin", "/usr/local/pgsql/bin", "/opt/homebrew/opt/postgresql*/bin")


def binaries():
    """The folder with initdb and postgres, or None."""
    found = shutil.which("initdb")
    folders = [Path(found).parent] if found else []
    for pattern in _HOMES:
        folders += sorted(Path("/").glob(pattern[1:]), reverse=True)
    return next((folder for folder in folders if (folder / "postgres").exists()), None)


class Server:
    """One server at ``url``; ``stop`` and ``start`` make it unreachable for a while."""

    def __init__(self, folder, *, port):
        self._bin, self._folder, self._port = binaries(), Path(folder), port
        self._process = None
        # the server refuses to run as root
        self._as = {} if os.getuid() else _unprivileged()
        self.url = f"postgresql://lsbe:{quote(PASSWORD, safe='')}@127.0.0.1:{port}/postgres"

    def initialise(self):
        passwords = self._folder / "password"
        passwords.write_text(PASSWORD + "\n", encoding="utf-8")
        if self._as:
            for path in (self._folder, passwords):
                os.chown(path, self._as["user"], self._as["group"])
        self._run("initdb", "-D", self._folder / "data", "-U", "lsbe", "--auth=scram-sha-256",
                  f"--pwfile={passwords}", "--encoding=UTF8", "--locale=C", "--no-sync",
                  "--no-instructions")  # fmt: skip

    def start(self):
        self._run("pg_ctl", "-D", self._folder / "data", "-l", self._folder / "log", "-w", "-o",
                  f"-p {self._port} -k {self._folder} -c max_connections=100 "
                  "-c shared_buffers=16MB -c fsync=off -c autovacuum=off", "start")  # fmt: skip

    def stop(self):
        self._run("pg_ctl", "-D", self._folder / "data", "-m", "immediate", "-w", "stop")

    def _run(self, program, *arguments):
        command = [str(self._bin / program), *map(str, arguments)]
        subprocess.run(command, check=True, cwd="/", stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, **self._as)  # fmt: skip


@contextmanager
def running_postgres():
    """A server in a folder of its own."""
    folder = tempfile.mkdtemp(prefix="lsbe-postgres-", dir="/tmp")
    server = Server(folder, port=_free_port())
    try:
        server.initialise()
        server.start()
        yield server
    finally:
        with suppress(subprocess.CalledProcessError):
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _unprivileged():
    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    raise RuntimeError("root cannot run PostgreSQL, and there is no user postgres or nobody")


def _free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
