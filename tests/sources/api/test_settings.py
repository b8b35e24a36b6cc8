"""The settings of a kind of source: read whole, or refused with the place that is wrong."""

from __future__ import annotations

from typing import Any, Literal

import pytest

from sources.api.settings import KindSettings, read_settings
from sources.mapping.mapping import SourceOptions
from sources.mapping.place import SourcePlace
from sources.mapping.reader import BadMappingError
from warehouse.lines import read_yaml


class _Settings(KindSettings):
    base_url: str
    door: Literal["front", "back"] = "front"


def _options(settings: dict[str, Any]) -> SourceOptions:
    entity = {"from": "a", "fields": {"account_id": "id"}}
    return SourceOptions.model_validate({
        "name": "shop", "kind": "odoo", "settings": settings, "datasets": {"a": {}}, "entities": {"accounts": entity},
    })  # fmt: skip


def test_settings_are_read_with_their_defaults() -> None:
    assert read_settings(_options({"base_url": "https://a.example"}), _Settings).door == "front"


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({}, "settings, base_url\n"),
        ({"base_url": "https://a.example", "base_urll": "s3cret"}, "did you mean base_url?"),
        ({"base_url": "https://a.example", "door": "s3cret"}, "settings, door\n  seen:     Input should be"),
    ],
)
def test_wrong_settings_are_refused_by_name_and_without_their_values(settings: dict[str, Any], told: str) -> None:
    with pytest.raises(BadMappingError) as caught:
        read_settings(_options(settings), _Settings)
    text = str(caught.value)
    assert "source shop" in text
    assert told in text
    assert "base_url (needed), door" in text
    assert "s3cret" not in text


def test_a_wrong_setting_is_told_with_its_line() -> None:
    _, lines = read_yaml(
        "sources:\n  - name: shop\n    settings:\n      base_url: https://a.example\n      door: side\n"
    )
    options = _options({"base_url": "https://a.example", "door": "side"})
    with pytest.raises(BadMappingError) as caught:
        read_settings(options.placed(SourcePlace("shop", "acme/company.yml", lines)), _Settings)
    assert caught.value.thing == "acme/company.yml:5, source shop, settings, door"
