"""What a device and a server install, from a folder of wheels and nothing else.

Needs the folder (`make wheels`), so it runs with `make device-test`.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
WHEELHOUSE = ROOT / "wheelhouse"
pytestmark = [pytest.mark.wheels, pytest.mark.timeout(600)]
IMPORT_ALL = """
import importlib, pkgutil, sys
package = importlib.import_module({package!r})
names = [found.name for found in pkgutil.walk_packages(package.__path__, package.__name__ + ".")]
names = [name for name in names if not name.endswith(".__main__") and ".migrations." not in name]
for name in names:
    importlib.import_module(name)
loaded = {{name.split(".")[0] for name in sys.modules}}
print(len(names), sorted(loaded & {{"aiohttp", "sqlalchemy"}}))
"""


class Bare:
    """A virtual environment that knows no index and no settings of this machine."""

    def __init__(self, folder: Path) -> None:
        self.bin = folder / "bin"
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)

    def run(self, program: str, *arguments: str) -> str:
        """Run a program of the environment and return what it printed."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
        kept.pop("PYTHONPATH", None)
        environment = {**kept, "PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull}
        answer = subprocess.run(
            [str(self.bin / program), *arguments],
            env=environment,
            cwd=self.bin,
            capture_output=True,
            text=True,
            check=False,
        )
        assert answer.returncode == 0, answer.stdout + answer.stderr
        return answer.stdout

    def install(self, *arguments: str) -> None:
        """Install from the folder of wheels."""
        self.run("pip", "install", "-q", "--no-index", "--find-links", str(WHEELHOUSE), *arguments)

    def packages(self) -> set[str]:
        """Return the names of what is installed."""
        listed = self.run("pip", "list", "--format=freeze").split()
        return {line.partition("==")[0].lower() for line in listed}


@pytest.fixture(scope="module")
def device(tmp_path_factory: pytest.TempPathFactory) -> Bare:
    """Return an environment with what a device gets: the lock, and two wheels of ours."""
    bare = Bare(tmp_path_factory.mktemp("device"))
    bare.install("--require-hashes", "-r", str(ROOT / "requirements" / "agent.txt"))
    wheels = [str(next(WHEELHOUSE.glob(f"faultbox_{name}-*"))) for name in ("protocol", "agent")]
    bare.install("--no-deps", *wheels)
    return bare


def test_a_device_gets_four_packages_of_others_at_most(device: Bare) -> None:
    assert device.packages() - {"pip", "setuptools"} == {
        "faultbox-agent",
        "faultbox-protocol",
        "msgpack",
        "psutil",
        "zstandard",
    }


def test_every_module_of_the_agent_is_there_without_a_web_framework(device: Bare) -> None:
    counted, frameworks = device.run(
        "python", "-c", IMPORT_ALL.format(package="faultbox_agent")
    ).split(" ", 1)
    assert int(counted) > 20
    assert frameworks.strip() == "[]"


def test_the_agent_answers_on_a_device(device: Bare) -> None:
    usage = device.run("faultbox-agent", "--help")
    assert all(command in usage for command in ("run", "exec", "report", "status", "flush"))


def test_an_agent_installs_by_its_name_without_a_network(tmp_path: Path) -> None:
    bare = Bare(tmp_path)
    bare.install("faultbox-agent")
    assert "aiohttp" not in bare.packages()
    assert bare.run("faultbox-agent", "--help")


def test_a_server_installs_by_its_name_without_a_network(tmp_path: Path) -> None:
    bare = Bare(tmp_path)
    bare.install("faultbox-dashboard")
    assert "faultbox-agent" not in bare.packages()
    usage = bare.run("faultbox", "--help")
    assert all(command in usage for command in ("serve", "keys", "ticket", "sign"))
    for package in ("faultbox_protocol", "faultbox_collector", "faultbox_dashboard"):
        assert int(bare.run("python", "-c", IMPORT_ALL.format(package=package)).split()[0]) > 5
    key = bare.run("faultbox", "keys", "add", "pump", "--data", str(tmp_path / "data"))
    assert key.startswith("fbk_")
