"""Fetches the next item, a page or a batch, while the last one is written."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")


def ahead(items: Iterator[Item]) -> Iterator[Item]:
    """Yield the items in order, the next one being drawn meanwhile by a thread; its error is raised in its place."""
    end = object()
    with ThreadPoolExecutor(max_workers=1) as fetcher:
        coming = fetcher.submit(next, items, end)
        while (item := coming.result()) is not end:
            coming = fetcher.submit(next, items, end)
            yield item  # type: ignore[misc]  # end is taken out above
