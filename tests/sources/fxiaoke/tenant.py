"""A small tenant to read: customers, their contacts, an object of its own, people; and a connector to it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sources.api.address import AddressRule
from sources.api.connector import Connector
from sources.api.http import Http, Patience
from sources.fxiaoke.connector import open_connector
from sources.mapping.mapping import DatasetOptions, SourceOptions
from tests.servers.fxiaoke import ADMIN, ADMIN_MOBILE, APP
from tests.servers.fxiaoke_store import Store, person_key

CUSTOM = "object_ab12c__c"
LEVEL = [{"value": "kaYz89Lwq", "label": "重点客户"}, {"value": "b7", "label": "普通客户"}]
SOURCE = [{"value": "1", "label": "展会"}, {"value": "other", "label": "其他"}]
TAGS = [{"value": "t1", "label": "出口"}, {"value": "t2", "label": "制造"}]
CREDENTIALS = {"app_id": APP["appId"], "app_secret": APP["appSecret"], "permanent_code": APP["permanentCode"]}
ACCOUNTS = DatasetOptions(object="AccountObj")
COLUMNS = ("_id", "name", "level", "owner.id", "last_modified_time")


def small_tenant() -> Store:
    """A tenant with the objects and the people, and no other record."""
    store = Store()
    store.define(
        "PersonnelObj",
        "人员",
        {
            "full_name": {"type": "text", "label": "姓名"},
            "user_id": {"type": "text", "label": "员工"},
            "phone": {"type": "phone_number", "label": "手机"},
        },
    )
    store.hire(ADMIN, "管理员", ADMIN_MOBILE)
    store.hire("999", "王芳")
    store.hire("1001", "李雷", "13900000001")
    store.define(
        "AccountObj",
        "客户",
        {
            "level": {"type": "select_one", "label": "客户级别", "options": LEVEL},
            "source": {"type": "select_one", "label": "来源", "options": SOURCE},
            "tags": {"type": "select_many", "label": "标签", "options": TAGS},
            "revenue": {"type": "currency", "label": "年收入"},
            "share": {"type": "percentile", "label": "占比"},
            "score": {"type": "formula", "return_type": "number", "label": "评分"},
            "founded": {"type": "date", "label": "成立日期", "time_zone": "GMT+8"},
            "visited": {"type": "date_time", "label": "最近拜访"},
            "opens": {"type": "time", "label": "营业时间"},
            "is_group": {"type": "true_or_false", "label": "集团"},
            "province": {"type": "province", "label": "省"},
            "parent": {"type": "object_reference", "label": "上级客户", "target_api_name": "AccountObj"},
            "team": {"type": "employee_many", "label": "团队"},
            "dept": {"type": "department", "label": "部门"},
            "papers": {"type": "file_attachment", "label": "附件"},
            "old": {"type": "text", "label": "停用", "is_active": False},
            "rank__c": {"type": "quote", "quote_field_type": "select_one", "label": "引用级别", "options": LEVEL},
            "record_type": {
                "type": "record_type",
                "label": "业务类型",
                "options": [{"api_name": "default__c", "label": "预设业务类型"}],
            },
        },
    )
    store.define(CUSTOM, "案场", {"amount__c": {"type": "currency", "label": "金额"}})
    return store


def filled(store: Store, count: int, name: str = "AccountObj") -> list[str]:
    """Add records and return their keys; time goes on now and then, so that many are of the same moment."""
    keys = []
    for number in range(count):
        if number % 4 == 0:
            store.go_on(1)
        values = {"level": LEVEL[number % 2]["value"]} if name == "AccountObj" else {"amount__c": f"{number}.50"}
        keys.append(store.insert(name, name=f"客户{number}", owner=["1001"], **values))
    return keys


def options(url: str, **settings: Any) -> SourceOptions:
    """The part of company.yml for a tenant at an address."""
    return SourceOptions.model_validate(
        {
            "name": "crm",
            "kind": "fxiaoke",
            "settings": {"host": url, **settings},
            "datasets": {"accounts": {"object": "AccountObj"}},
            "entities": {"accounts": {"from": "accounts", "fields": {"account_id": "_id"}}},
        }
    )


def connect(
    url: str,
    folder: Path,
    store: Store,
    *,
    credentials: dict[str, str] | None = None,
    attempts: int = 6,
    **settings: Any,
) -> Connector:
    """Return a connector as another process would have it: of its sleep only the tenant's clock knows."""

    def sleep(seconds: float) -> None:
        store.go_on(seconds)

    http = Http("source crm", AddressRule(allows_private=True), Patience(attempts=attempts), sleep=sleep)
    person = person_key(ADMIN) if settings.get("token_style", "corp") == "corp" else ADMIN
    given = credentials or {**CREDENTIALS, "open_user_id": person}
    environment = {"GUANXI_SOURCE_CRM": json.dumps(given)}
    return open_connector(options(url, **settings), credentials_of=environment, http=http, tokens=folder / "tokens")
