"""What this machine has and lacks: the answers of `sport doctor`."""

from __future__ import annotations

import glob
import importlib
import importlib.metadata
import importlib.util
import os
import shutil
import sys
from dataclasses import dataclass
from typing import Final

from sport_nodes.errors import InputError
from sport_nodes.paths import data_directory, share_directory

#: An hour of trials without images, with room to spare.
FREE_DISK_GB: Final = 2.0
LANGUAGE_MODEL_TIMEOUT_S: Final = 1.0


@dataclass(frozen=True)
class Check:
    """One answer. required: the graph does not run without it. mend: what to do where it is not ok."""

    name: str
    ok: bool
    required: bool
    found: str
    mend: str = ""


def examine() -> list[Check]:
    """Look at everything; nothing is opened, changed or sent off this machine."""
    return [
        _python(),
        _module("rclpy", "ROS 2", required=True, mend="source a ROS 2, or run `make setup`"),
        _module("sport_coach", "interfaces", required=True, mend="run `make setup`, or colcon build and source it"),
        _model(),
        _disk(),
        _module("torch", "training", required=False, mend="pip install -c constraints.txt '.[train]' to train"),
        _module("mediapipe", "2D pose", required=False, mend="run `make setup` to detect people in videos"),
        _module("tensorrt", "TensorRT", required=False, mend="ONNX Runtime is used; a Jetson has it in JetPack"),
        _azure(),
        _module("pyorbbecsdk", "Orbbec", required=False, mend="run `make setup` for a Femto Bolt"),
        _devices("cameras", "/dev/video*", "plug in the RGB cameras"),
        _devices("serial IMUs", "/dev/tty[UA][SC]*", "plug in the IMUs' receiver"),
        _language_model(),
    ]


def _python() -> Check:
    found = ".".join(map(str, sys.version_info[:3]))
    return Check("Python", sys.version_info >= (3, 10), True, found, "3.10 or later is needed")


def _module(module: str, name: str, *, required: bool, mend: str) -> Check:
    if importlib.util.find_spec(module) is None:
        return Check(name, False, required, f"no {module}", mend)
    try:
        version = importlib.metadata.version(module)
    except importlib.metadata.PackageNotFoundError:
        version = "found"
    return Check(name, True, required, f"{module} {version}")


def _azure() -> Check:
    from sport_nodes.capture import k4a

    try:
        device, _ = k4a.libraries()
    except OSError as error:
        mend = f"install the Azure Kinect SDK, or on x86_64 pip install --no-deps {k4a.BUNDLE}"
        return Check("Azure Kinect", False, False, str(error), mend)
    count = device.k4a_device_get_installed_count()
    return Check("Azure Kinect", count > 0, False, f"the SDK's libraries, {count} connected", "plug one in, with power")


def _model() -> Check:
    from sport_nodes.scoring.scorer import Scorer

    try:
        scorer = Scorer.load()
        scorer.check()
    except InputError as error:
        return Check("scorer's model", False, True, str(error), f"put models/ back into {share_directory()}")
    return Check("scorer's model", True, True, scorer.identity)


def _disk() -> Check:
    folder = data_directory()
    existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
    free_gb = shutil.disk_usage(existing).free / 1e9
    return Check("disk", free_gb >= FREE_DISK_GB, True, f"{free_gb:.0f} GB free in {folder}", "free some space")


def _devices(name: str, pattern: str, mend: str) -> Check:
    paths = sorted(glob.glob(pattern))
    return Check(name, bool(paths), False, ", ".join(paths) or "none", mend)


def _language_model() -> Check:
    import httpx
    import ollama

    host = os.environ.get("OLLAMA_HOST", "127.0.0.1:11434")
    try:
        models = ollama.Client(host=host, timeout=LANGUAGE_MODEL_TIMEOUT_S).list().models
    except (ConnectionError, httpx.HTTPError, ollama.ResponseError):
        return Check("language model", False, False, f"no Ollama at {host}", "the coach speaks from its templates")
    names = ", ".join(str(m.model) for m in models)
    return Check("language model", bool(names), False, names or f"Ollama at {host} has no model", "ollama pull one")
