"""Try the image where no Docker is: its steps in a Debian of debootstrap, then a box in it as the image's user."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from shlex import join, quote

from tests.box import ROOT, free_port, wait_until
from tests.prove import NotRun
from tests.prove.dockerfile import Stage, read

MIRROR = "http://deb.debian.org/debian"
MIRROR_WAIT_S = 10
READY_WAIT_S = 120.0
STOP_WAIT_S = 20.0
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
CERTIFICATES_INSIDE = "/host-certificates.crt"
PATH_INSIDE = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def try_image() -> str:
    """Build and run the image's steps and return what was seen; raises NotRun with the reason."""
    suite = _look_for_the_means(read())
    with tempfile.TemporaryDirectory(prefix="image") as folder:
        base = Path(folder) / "base"
        _run(["debootstrap", "--variant=minbase", suite, str(base), MIRROR])
        roots: dict[str, Root] = {}
        for number, stage in enumerate(read()):
            root = Root(Path(folder) / f"stage-{number}", stage)
            _run(["cp", "--archive", str(base), str(root.folder)])
            root.build(roots)
            roots[stage.name] = root
        return _start(root)


def _look_for_the_means(stages: list[Stage]) -> str:
    """Return the Debian release that the stages begin with."""
    if os.getuid() != 0:
        raise NotRun("the image was not tried: that needs root, for debootstrap and chroot")
    if shutil.which("debootstrap") is None:
        raise NotRun("the image was not tried: debootstrap is missing (apt-get install debootstrap)")
    suite = stages[0].image.partition(":")[2].removesuffix("-slim")
    try:
        urllib.request.urlopen(f"{MIRROR}/dists/{suite}/Release", timeout=MIRROR_WAIT_S).close()
    except (urllib.error.URLError, OSError) as problem:
        raise NotRun(f"the image was not tried: no Debian mirror can be reached ({problem})") from None
    return suite


class Root:
    """A stage's file system, and commands inside it. Mounts are seen by these commands alone and end with them."""

    def __init__(self, folder: Path, stage: Stage) -> None:
        self.folder = folder
        self.stage = stage
        self._here = "/"

    def build(self, roots: Mapping[str, "Root"]) -> None:
        shutil.copy("/etc/resolv.conf", self.folder / "etc" / "resolv.conf")
        if CERTIFICATES.exists():
            shutil.copy(CERTIFICATES, self.folder / CERTIFICATES_INSIDE[1:])
        npm_settings = Path.home() / ".npmrc"
        if npm_settings.exists():
            shutil.copy(npm_settings, self.folder / "root" / ".npmrc")
        for path in _named_to_pip():
            if path.is_file() and str(path) != CERTIFICATES_INSIDE:  # constraints, say
                inside = self._inside(str(path))
                inside.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, inside)
        for instruction, rest in self.stage.steps:
            if instruction == "RUN":
                print(f"image: {rest}", file=sys.stderr)  # noqa: T201  # long steps: somebody waits for them
                _run(self.command(["sh", "-ec", rest], _installers()))
            elif instruction == "WORKDIR":
                self._here = rest
                self._inside(rest).mkdir(parents=True, exist_ok=True)
            elif instruction == "COPY":
                self._copy(rest.split(), roots)

    def command(self, words: Sequence[str], environ: Mapping[str, str], *, user: str = "root") -> list[str]:
        """Return the command line that runs the words inside, in place of itself."""
        variables = {"PATH": PATH_INSIDE, "HOME": "/root" if user == "root" else "/nonexistent", **environ}
        mounts = [f"mount -t proc proc {quote(str(self.folder / 'proc'))}"]
        for path in _local_indexes():
            inside = self._inside(str(path))
            inside.mkdir(parents=True, exist_ok=True)
            mounts.append(f"mount --bind {quote(str(path))} {quote(str(inside))}")
        inner = f"cd {quote(self._here)} && exec {join(words)}"
        settings = [f"{name}={value}" for name, value in variables.items()]
        enter = ["chroot", f"--userspec={user}", str(self.folder), "/usr/bin/env", "-i", *settings, "sh", "-c", inner]
        return ["unshare", "--mount", "sh", "-ec", f"{' && '.join(mounts)} && exec {join(enter)}"]

    def _inside(self, path: str) -> Path:
        return self.folder / os.path.normpath(Path(self._here) / path).lstrip("/")

    def _copy(self, words: list[str], roots: Mapping[str, "Root"]) -> None:
        stage = words.pop(0).removeprefix("--from=") if words[0].startswith("--from=") else None
        *sources, target = words
        for source in sources:
            into = self._inside(target) / Path(source).name if target.endswith("/") else self._inside(target)
            if stage is not None:
                into.parent.mkdir(parents=True, exist_ok=True)
                _run(["cp", "--archive", "--no-target-directory", f"{roots[stage].folder}{source}", str(into)])
                continue
            for path in _tracked(source):
                file = into / path.relative_to(source) if (ROOT / source).is_dir() else into
                file.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / path, file)


def _tracked(source: str) -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z", source], cwd=ROOT, capture_output=True, text=True, check=True)
    return [Path(path) for path in listed.stdout.split("\0") if path]


def _installers() -> dict[str, str]:
    """Return this machine's settings of pip and npm, for this run only."""
    listed = subprocess.run([sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True)
    settings = dict(line.split("=", 1) for line in listed.stdout.splitlines() if line.startswith("global."))
    environ = {
        f"PIP_{name.removeprefix('global.').upper().replace('-', '_')}": value.strip("'").replace("\\n", " ")
        for name, value in settings.items()
    }
    environ |= {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "npm_config_"))}
    environ |= {name: value for name, value in os.environ.items() if name.lower().endswith("_proxy")}
    environ |= {"DEBIAN_FRONTEND": "noninteractive"}  # nobody is there to ask
    trust = ("PIP_CERT", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "npm_config_cafile")
    return environ | (dict.fromkeys(trust, CERTIFICATES_INSIDE) if CERTIFICATES.exists() else {})


def _named_to_pip() -> list[Path]:
    """Return the files and folders of this machine that its pip's settings name."""
    words = " ".join(value for name, value in _installers().items() if name.startswith("PIP_")).split()
    return [Path(word.removeprefix("file://")) for word in words if word.startswith(("/", "file:///"))]


def _local_indexes() -> list[Path]:
    """Return folders of this machine that its pip reads from."""
    return sorted({Path(*path.parts[:3]) for path in _named_to_pip() if path.is_dir()})


def _start(root: Root) -> str:
    """Start the image's own command as its user, ask its own health check, and stop it as Docker would."""
    port, node_port = free_port(), free_port()
    environ = {**root.stage.environment, "SEEDBOX_BIND": "127.0.0.1", "SEEDBOX_PORT": str(port)}
    environ |= {"NODE_LISTEN": f"127.0.0.1:{node_port}", "WALLET_DEVNET_PORT": str(free_port())}
    user = root.stage.last("USER")
    box = subprocess.Popen(root.command(root.stage.start_command, environ, user=user))
    check = root.command(root.stage.health_command, environ, user=user)
    try:
        wait_until(lambda: _is_well(port) or box.poll() is not None, "the image's box to be well", READY_WAIT_S)
        if box.poll() is not None:
            raise AssertionError(f"the image's box ended with code {box.returncode}")
        _run(check)
        owner = Path(f"/proc/{box.pid}").stat().st_uid
        box.send_signal(signal.Signals[root.stage.last("STOPSIGNAL")])
        code = box.wait(STOP_WAIT_S)
    finally:
        box.kill()  # its guardian ends the rest
        box.wait()
    if code != 0 or owner == 0:
        raise AssertionError(f"the image's box ran as uid {owner} and ended with code {code}")
    return f"the image's steps ran in a chroot, and its box came up as uid {owner} and stopped when asked"


def _is_well(port: int) -> bool:
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5).close()
    except OSError:
        return False
    return True


def _run(command: Sequence[str]) -> None:
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
