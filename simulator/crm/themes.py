"""What customers talk about, and in which words."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from warehouse.plain_yaml import read_yaml


@dataclass(frozen=True, slots=True)
class Sentences:
    """Sentences of one theme in one language. `denied` speak of the theme to say that it is not the matter."""

    complaints: tuple[str, ...]
    praises: tuple[str, ...]
    wishes: tuple[str, ...]
    denied: tuple[str, ...]


def _load() -> dict[str, tuple[Sentences, Sentences]]:
    content = read_yaml(Path(__file__).with_name("themes.yml"))
    return {theme: (_sentences(languages["zh"]), _sentences(languages["en"])) for theme, languages in content.items()}


def _sentences(kinds: dict[str, list[str]]) -> Sentences:
    return Sentences(**{kind: tuple(sentences) for kind, sentences in kinds.items()})


THEMES = _load()
"""For each theme the Chinese sentences and the English ones."""

THEME_NAMES = tuple(THEMES)

OPENERS = (
    ("你好，", "", "", "麻烦看一下：", "反馈一下，", "王工说"),
    ("Hello, ", "", "", "Just to let you know: ", "Feedback: ", ""),
)
CLOSERS = (
    ("。", "。请尽快处理。", "！", "，谢谢。", "。", ""),
    (".", ". Please look into it.", "!", ". Thanks.", ".", ""),
)
TURNS = (("，不过", "，但是", "。另外", "，只是"), (", but ", "; however, ", ", and on another matter ", ", though "))
SUBJECTS = (
    ("反馈", "请协助", "咨询", "问题上报", "{item}"),
    ("Feedback", "Please help", "A question", "Report", "{item}"),
)
ITEMS = (
    ("内六角螺栓", "深沟球轴承", "铣刀", "液压油", "丁腈手套", "封箱胶带", "断路器", "气缸", "结构胶", "数显卡尺"),
    (
        "hex bolts", "ball bearings", "milling cutters", "hydraulic oil", "nitrile gloves", "packing tape",
        "circuit breakers", "cylinders", "structural glue", "calipers",
    ),
)  # fmt: skip
