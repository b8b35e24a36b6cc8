"""How a text is read: clauses, endings of words, scripts, denials, and the names of products in it."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from needs.policy import NeedPolicy, NeedPolicyError, read_policy
from needs.reading import Mention, Reader, named_in

POLICY = NeedPolicy(
    phrases={
        "delivery": ("late delivery", "deliver", "交货", "物流单号"),
        "price": ("price", "price increase", "便宜", "erp"),
    },
    denials=("not the point", "不是问题"),
    score_minimum=0.8,
    version="test",
)


def _themes(text: str, policy: NeedPolicy = POLICY) -> set[str]:
    return {each.theme for each in Reader(policy).mentions(text)}


@pytest.mark.parametrize(
    ("text", "themes"),
    [
        ("The DELIVERIES are late", {"delivery"}),
        ("the prices, and the delivery", {"price", "delivery"}),
        ("Price is not the point, delivery is", {"delivery"}),
        ("价格不是问题，交货才是", {"delivery"}),
        ("交貨太慢", {"delivery"}),  # traditional characters
        ("ｄｅｌｉｖｅｒｙ", {"delivery"}),  # full width
        ("和我们的ERP对接", {"price"}),
        ("别家更便宜。\n交货也快", {"price", "delivery"}),
        ("late delivry", {"delivery"}),  # a typing error
        ("物流的单号", set()),  # two thirds of a phrase are not enough
        ("单号", set()),
        ("increase", set()),  # nor is one word of two
        ("priceless", set()),
        ("", set()),
    ],
)
def test_a_clause_is_about_the_theme_whose_phrase_it_is_like(text: str, themes: set[str]) -> None:
    assert _themes(text) == themes


def test_the_longer_phrase_says_more_and_the_score_is_kept() -> None:
    assert Reader(POLICY).mentions("another price increase") == (Mention("price", 1.0, "price increase"),)


def test_the_order_of_themes_and_phrases_decides_nothing() -> None:
    dice = random.Random(7)
    policy = read_policy()
    themes = list(policy.phrases.items())
    dice.shuffle(themes)
    shuffled = {code: tuple(dice.sample(phrases, len(phrases))) for code, phrases in themes}
    other = NeedPolicy(shuffled, tuple(reversed(policy.denials)), policy.score_minimum, "other")
    one, two = Reader(policy), Reader(other)
    for text in (
        "Wrong labels on the boxes",
        "发票抬头又开错了",
        "希望换成更耐磨的型号",
        "the bill is late, and the site too",
    ):
        assert one.mentions(text) == two.mentions(text), text


def test_one_line_of_the_policy_is_a_new_theme(tmp_path: Path) -> None:
    for name in ("policy_need_themes", "policy_need_denials", "policy_parameters"):
        source = Path("dbt_project/seeds/policy") / f"{name}.csv"
        (tmp_path / source.name).write_bytes(source.read_bytes())
    before = read_policy(folder=tmp_path)
    with (tmp_path / "policy_need_themes.csv").open("a", encoding="utf-8") as file:
        file.write("energy,Energy,节能,energy saving;power consumption,省电；能耗\n")
    after = read_policy(folder=tmp_path)
    assert after.version != before.version, "every text is read again"
    assert _themes("能耗太高", after) == _themes("The power consumption is high", after) == {"energy"}
    with (tmp_path / "policy_need_themes.csv").open("a", encoding="utf-8") as file:
        file.write("energy,Energy,节能,watt,瓦\n")
    with pytest.raises(NeedPolicyError, match="line 12"):
        read_policy(folder=tmp_path)


def test_products_are_found_by_name_without_the_last_word_and_not_within_words() -> None:
    names = ["Deep groove bearing 6204", "深沟球轴承 标准型", "气缸", "Pump", "Mug white", "X"]
    texts = [
        ("whole", "the DEEP  groove bearing 6204 is loud"),
        ("head", "a deep groove bearing is loud"),
        ("part", "deep groove bearings"),  # within a word
        ("han", "这个深沟球轴承和气缸都坏了"),
        ("within", "pumpkin"),
        ("latin beside han", "换pump吧"),
        ("one word left", "a mug"),
        ("short", "X"),
    ]
    assert set(named_in(texts, names)) == {
        ("whole", "Deep groove bearing 6204"),
        ("head", "Deep groove bearing 6204"),
        ("han", "深沟球轴承 标准型"),
        ("han", "气缸"),
        ("latin beside han", "Pump"),
    }
