"""Installs the Python module and its shared files with pip, where there is no ROS; colcon uses CMakeLists.txt."""

from pathlib import Path

from setuptools import find_packages, setup

SHARED_FOLDERS = ("config", "knowledge", "models", "msg", "rviz", "srv")


def shared_files() -> list[tuple[str, list[str]]]:
    by_folder: dict[str, list[str]] = {}
    for top in SHARED_FOLDERS:
        for path in sorted(Path(top).rglob("*")):
            if path.is_file():
                by_folder.setdefault(f"share/sport_coach/{path.parent}", []).append(str(path))
    return sorted(by_folder.items())


setup(
    packages=find_packages(include=["sport_nodes", "sport_nodes.*"]),
    package_data={"sport_nodes": ["**/*.html", "**/*.js", "**/*.css", "**/*.jinja"]},
    data_files=shared_files(),
)
