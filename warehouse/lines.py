"""A YAML file read with the lines on which its parts stand, so that an error can name them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import yaml


class RepeatedKeyError(yaml.MarkedYAMLError):
    """A key that stands twice in one mapping: YAML would silently take the last."""


@dataclass(frozen=True, slots=True)
class Lines:
    """Knows the line (from 1) of every part of a YAML file."""

    root: yaml.Node

    def line_of(self, path: Sequence[str | int]) -> int:
        """Return the line of a key or list item; of the nearest part above it where there is no such part.

        Words of the path that the file does not have are passed over: a validation's own path may hold some.
        """
        node, line = self.root, self.root.start_mark.line
        for part in path:
            child = next(_children(node, part), None)
            if child is not None:
                line, node = child[0], child[1]
        return line + 1


def read_yaml(text: str) -> tuple[Any, Lines]:
    """Return a YAML file's content and its lines. Raises yaml.YAMLError, RepeatedKeyError among them."""
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            raise yaml.YAMLError("the file is empty")
        _refuse_repeated(node, set())
        return loader.construct_document(node), Lines(node)
    finally:
        loader.dispose()


def _children(node: yaml.Node, part: str | int) -> Iterator[tuple[int, yaml.Node]]:
    """Yield line and content of a mapping's key, or of a list's item by number or text; what was merged comes last."""
    if isinstance(node, yaml.MappingNode):
        for key, content in reversed(node.value):
            if isinstance(key, yaml.ScalarNode) and key.value == str(part):
                yield key.start_mark.line, content
    elif isinstance(node, yaml.SequenceNode):
        for number, item in enumerate(node.value):
            if part == number or (isinstance(item, yaml.ScalarNode) and item.value == part):
                yield item.start_mark.line, item


def _refuse_repeated(node: yaml.Node, seen: set[int]) -> None:
    if id(node) in seen:  # an alias, perhaps of what it stands in
        return
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        first: dict[str, yaml.ScalarNode] = {}
        for key, content in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
                if key.value in first:
                    begun = first[key.value].start_mark.line + 1
                    raise RepeatedKeyError(problem=f"{key.value} stands in lines {begun} and {key.start_mark.line + 1}",
                                           problem_mark=key.start_mark)  # fmt: skip
                first[key.value] = key
            _refuse_repeated(content, seen)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _refuse_repeated(item, seen)
