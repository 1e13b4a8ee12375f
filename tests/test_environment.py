"""pyproject.toml, environment.yml and constraints.txt say the same."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
CONDA_NAMES = {"python-isal": "isal", "prometheus_client": "prometheus-client"}


def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def split(requirement: str) -> tuple[str, str]:
    name, _, version = re.sub(r"\[.*\]", "", requirement).partition(">=")
    return name.strip().lower(), version.strip()


def test_conda_and_pip_people_get_the_same_libraries() -> None:
    listed = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    conda = dict(split(item) for item in listed if isinstance(item, str))
    assert conda.pop("python") == project()["requires-python"].removeprefix(">=")
    conda.pop("pip")
    conda = {CONDA_NAMES.get(name, name): version for name, version in conda.items()}
    assert conda == dict(split(item) for item in project()["dependencies"])


def test_every_direct_dependency_is_pinned_at_or_above_its_minimum() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = dict(line.lower().split("==") for line in lines if "==" in line)
    wanted = [
        *project()["dependencies"],
        *(r for extra in project()["optional-dependencies"].values() for r in extra),
    ]
    for requirement in wanted:
        name, minimum = split(requirement)
        pinned = pins.get(name) or pins.get(name.replace("-", "_"))
        assert pinned, f"{name} is not pinned"
        assert numbers(pinned) >= numbers(minimum), name


def test_the_constraints_name_no_download_address() -> None:
    text = (ROOT / "constraints.txt").read_text()
    assert "://" not in text
    assert " @ " not in text


def numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])
