"""The posts in a customer's house, the first ones in every house: who decides, who judges, who uses."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Post:
    """A post: its department and title in both languages, its rank, its part in a decision and the side of it."""

    department: tuple[str, str]
    title: tuple[str, str]
    seniority: str
    role: str
    chain: str
    reserve: float
    """How much less than others such a person lets us come close."""


POSTS = (
    Post(("采购部", "Purchasing"), ("采购经理", "Purchasing Manager"), "manager", "evaluator", "commercial", 0.0),
    Post(("总经办", "Management"), ("总经理", "General Manager"), "executive", "decision_maker", "overall", 0.5),
    Post(("技术部", "Engineering"), ("技术主管", "Head of Engineering"), "manager", "evaluator", "technical", 0.1),
    Post(("生产部", "Production"), ("生产经理", "Production Manager"), "manager", "user", "technical", -0.1),
    Post(("财务部", "Finance"), ("财务总监", "Finance Director"), "director", "approver", "commercial", 0.6),
    Post(("采购部", "Purchasing"), ("采购专员", "Buyer"), "staff", "supporter", "commercial", -0.3),
    Post(("质量部", "Quality"), ("质量工程师", "Quality Engineer"), "staff", "influencer", "technical", 0.1),
    Post(("仓储部", "Warehouse"), ("仓库主管", "Warehouse Supervisor"), "staff", "user", "overall", -0.2),
    Post(("采购部", "Purchasing"), ("采购总监", "Purchasing Director"), "director", "approver", "commercial", 0.3),
    Post(("研发部", "R&D"), ("研发工程师", "R&D Engineer"), "staff", "influencer", "technical", 0.0),
    Post(("设备部", "Maintenance"), ("设备经理", "Maintenance Manager"), "manager", "influencer", "technical", 0.0),
    Post(("运营部", "Operations"), ("副总经理", "Vice President"), "executive", "influencer", "overall", 0.4),
    Post(("安环部", "Safety"), ("安全主管", "Safety Officer"), "staff", "user", "technical", 0.0),
)
SENIORITIES = ("executive", "director", "manager", "staff")
