"""Loads Great Expectations without two libraries that no gate uses; they are a third of its start.

It draws charts with altair and tests distributions with scipy.stats, in expectations that we have none of, and it
loads both before it can check anything. Here they wait until somebody asks them for something.
"""

from __future__ import annotations

import gc
import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

_UNUSED = ("altair", "scipy.stats")


class Later(ModuleType):
    """Stands for a module, and loads it when a name of it is asked for."""

    def __getattr__(self, name: str) -> Any:
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(importlib.import_module(self.__name__), name)


def load_great_expectations() -> None:
    """Import it; a repeat does nothing."""
    if "great_expectations" in sys.modules:
        return
    # a million objects come to stay: to search them for garbage meanwhile is a fifth of the start
    gc.disable()
    try:
        with _later(*_UNUSED):
            importlib.import_module("great_expectations")
    finally:
        gc.freeze()
        gc.enable()


@contextmanager
def _later(*names: str) -> Iterator[None]:
    """Whoever imports one of the modules in the block gets its stand-in; whoever does so afterwards, the module."""
    stand_ins = {name: Later(name) for name in names if name not in sys.modules}
    sys.modules.update(stand_ins)
    try:
        yield
    finally:
        for name, stand_in in stand_ins.items():
            if sys.modules.get(name) is stand_in:
                del sys.modules[name]
