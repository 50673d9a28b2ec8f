"""One OpenSearch node on loopback, as small as it can be: the minimal distribution, with scripts and geo, without
security.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.request
import zipfile
from pathlib import Path

from tests.services.java import NotHere, fetching, free_port, java, maven

VERSION = "3.8.0"
ARTIFACT = f"org.opensearch.distribution.integ-test-zip:opensearch:{VERSION}:zip"
COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy"
PATIENCE = 180.0
"""Seconds that a start may take on a busy machine."""
NOBODY = 65534
"""The account that it runs under where the tests are root's, since it refuses to be."""
SETTINGS = """cluster.name: innkeep-tests
node.name: node-1
network.host: 127.0.0.1
http.port: {port}
transport.port: 0
discovery.type: single-node
cluster.routing.allocation.disk.threshold_enabled: false
action.auto_create_index: false
"""


class OpenSearchServer:
    """A node with its data in a folder; it may be killed and started again. Raises NotHere where it cannot run.

    Args:
        folder: where its program, settings, data and logs stand; reachable by others, as it may run as nobody.
        heap: megabytes.
        more: options of the virtual machine: as they are, it starts soon and is never as fast as it could be.
    """

    def __init__(self, folder: Path, *, heap: int = 384, more: str = "-XX:TieredStopAtLevel=1") -> None:
        self._home = folder / f"opensearch-{VERSION}"
        self._log = folder / "opensearch.log"
        self._jdk = java(21).parent.parent
        self._heap, self._more = heap, more
        self._archive = _fetched()
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def leave(self) -> int:
        """Let it go on when this object is gone; answers the process to stop later."""
        process = self._process
        if process is None:
            raise RuntimeError("it does not run")
        process.returncode = 0  # else the library warns that nobody waited for it
        return process.pid

    def start(self) -> None:
        """Start it, and return once it answers."""
        self._prepare()
        options = f"-Xms{self._heap}m -Xmx{self._heap}m -XX:-AlwaysPreTouch {self._more}"
        own = {
            "HOME": str(self._home),
            "OPENSEARCH_JAVA_HOME": str(self._jdk),
            "OPENSEARCH_JAVA_OPTS": options,
            "OPENSEARCH_TMPDIR": str(self._home / "tmp"),
        }
        account = {"user": NOBODY, "group": NOBODY, "extra_groups": ()} if os.getuid() == 0 else {}
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(  # type: ignore[call-overload]
                [str(self._home / "bin/opensearch")],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                start_new_session=True,
                env={"PATH": os.environ["PATH"], **own},
                **account,
            )
        self.wait()

    def wait(self) -> None:
        """Return once it answers."""
        deadline = time.monotonic() + PATIENCE
        while not self._answers():
            if self._process is None or self._process.poll() is not None or time.monotonic() > deadline:
                said = self._log.read_text(errors="replace")[-2000:]
                self.kill()
                raise RuntimeError(f"OpenSearch did not start: {said}")
            time.sleep(0.2)

    def stop(self) -> None:
        """End it in good order."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a power cut would."""
        self._end(signal.SIGKILL)

    def freeze(self) -> None:
        """Let it hang, connections and all, until `thaw`."""
        os.kill(self._running, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        os.kill(self._running, signal.SIGCONT)

    @property
    def _running(self) -> int:
        if self._process is None:
            raise RuntimeError("it does not run")
        return self._process.pid

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(how)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _prepare(self) -> None:
        if not self._home.exists():
            with zipfile.ZipFile(self._archive) as archive:
                archive.extractall(self._home.parent)
            for program in (self._home / "bin").iterdir():
                program.chmod(0o755)
            (self._home / "tmp").mkdir()
            (self._home / "config/opensearch.yml").write_text(SETTINGS.format(port=self.port))
        if os.getuid() == 0:
            for path in (self._home, *self._home.rglob("*")):
                os.chown(path, NOBODY, NOBODY)
            for parent in self._home.parents:  # pytest's folders are closed to others
                if not parent.stat().st_mode & 0o001:
                    parent.chmod(parent.stat().st_mode | 0o011)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(
                f"{self.url}/_cluster/health?wait_for_status=yellow&timeout=1s", timeout=5
            ) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False


def _fetched() -> Path:
    """The distribution, fetched if it is not there yet."""
    with fetching("opensearch") as cache:
        archive = cache / f"opensearch-{VERSION}.zip"
        if not archive.exists():
            part = cache / "opensearch.part"
            maven(COPY, f"-Dartifact={ARTIFACT}", f"-DoutputDirectory={part}")
            (part / archive.name).replace(archive)
            shutil.rmtree(part)
        return archive


__all__ = ["NotHere", "OpenSearchServer"]
