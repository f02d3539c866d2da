"""What a bag says about itself: the custom data of rosbag2's metadata.yaml."""

from __future__ import annotations

from pathlib import Path

import yaml

from sport_nodes.errors import InputError

METADATA_FILE = "metadata.yaml"


def read_about(bag: Path) -> dict[str, str]:
    """Custom data of a bag's folder; nothing where it says nothing. Raises InputError for a damaged metadata.yaml."""
    path = bag / METADATA_FILE
    if not path.is_file():
        return {}
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))["rosbag2_bagfile_information"].get("custom_data")
    except (OSError, UnicodeDecodeError, yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path} is damaged ({error!r}); remove it and `ros2 bag reindex` the folder") from error
    return {str(key): str(value) for key, value in (data or {}).items()}
