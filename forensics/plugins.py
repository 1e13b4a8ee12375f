"""Find the modules of a folder and check that they keep the folder's contract.

Discovery reads the folder: a module whose name has no leading underscore is a plug-in,
and its file name is its public name. There is no list to extend and nothing to register.
"""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
from dataclasses import dataclass
from functools import lru_cache
from types import ModuleType

from forensics.errors import PluginError


@dataclass(frozen=True, slots=True)
class Plugin:
    """One module of a plug-in folder.

    ``module`` is ``None`` when an optional library is missing; ``unavailable`` then
    says which one and how to get it.
    """

    name: str
    folder: str
    module: ModuleType | None
    unavailable: str = ""


@lru_cache(maxsize=64)
def find_plugins(folder: str, required: tuple[str, ...]) -> tuple[Plugin, ...]:
    """List the plug-ins of the package ``folder``, in alphabetical order.

    Parameters
    ----------
    folder
        Dotted name of the package, such as ``"forensics.readers.logs"``.
    required
        Names each module must define.

    Raises
    ------
    PluginError
        If a module fails to import for a reason other than a missing third-party
        library, or lacks a required name. The message names the file and the name.
    """
    package = importlib.import_module(folder)
    names = sorted(
        info.name
        for info in pkgutil.iter_modules(package.__path__)
        if not info.name.startswith("_")
    )
    return tuple(_load(folder, name, required) for name in names)


def _load(folder: str, name: str, required: tuple[str, ...]) -> Plugin:
    full_name = f"{folder}.{name}"
    try:
        module = importlib.import_module(full_name)
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if missing.split(".")[0] == "forensics":
            raise PluginError(f"{full_name}: imports {missing}, which does not exist") from error
        return Plugin(name, folder, None, f"needs the library {missing!r}: pip install {missing}")
    except ImportError as error:
        raise PluginError(f"{full_name}: {error}") from error
    lacking = [attribute for attribute in required if not hasattr(module, attribute)]
    if lacking:
        raise PluginError(
            f"{module.__file__}: lacks {', '.join(lacking)}; a module in {folder} must define "
            f"{', '.join(required)} (or start with an underscore if it is no plug-in)"
        )
    return Plugin(name, folder, module)
