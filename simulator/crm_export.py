"""The CRM's nightly export: accounts.csv (in Chinese, complete each night) and users.xlsx.

The CRM lags behind the ERP, knows prospects the ERP has never heard of, and was typed by people. With `own_ids` it
numbers its customers itself (simulator.crm_records).
"""

from __future__ import annotations

import csv
from datetime import datetime
from pathlib import Path
from typing import TextIO

import numpy as np
import xlsxwriter

from simulator.accounts import Accounts
from simulator.crm_records import own_id_records
from simulator.draws import Draws
from simulator.erp_rows import account_code
from simulator.files import part_of, settle
from simulator.managers import Manager, managers_of
from simulator.names import company_names, mistyped
from simulator.seasons import NEVER, day_of
from simulator.words import COUNTRIES, INDUSTRIES, REGIONS, SIZE_BANDS

ACCOUNT_COLUMNS = ("客户编号", "客户名称", "行业", "规模", "区域", "国家", "负责人", "内部客户", "创建日期", "客户状态")
OWN_ID_COLUMNS = (
    *ACCOUNT_COLUMNS, "税号", "网址", "电话", "地址", "城市", "上级客户", "ERP编号",
)  # fmt: skip
USER_COLUMNS = ("工号", "姓名", "邮箱", "语言", "在职", "名单容量", "入职日期")


class CrmExport:
    """Both files of one night. Blocks are streamed into parts; `settle` puts the parts in place."""

    def __init__(self, folder: Path, *, managers: list[Manager], draws: Draws, day: int, own_ids: bool = False) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._accounts_file = folder / "accounts.csv"
        self._users_file = folder / "users.xlsx"
        self._managers = managers
        self._draws = draws
        self._day = day
        self._own_ids = own_ids
        self.accounts_count = 0

    def open(self) -> TextIO:
        """Start the accounts file; pass the stream to every `add`."""
        stream = part_of(self._accounts_file).open("w", encoding="utf-8", newline="")
        csv.writer(stream).writerow(OWN_ID_COLUMNS if self._own_ids else ACCOUNT_COLUMNS)
        return stream

    def add(self, stream: TextIO, accounts: Accounts) -> dict[str, list[str]]:
        """Write the accounts of a block that the CRM knows by now, and its prospects.

        Returns the CRM's own ids of each account, by the account's number; empty where the CRM has none of its own.
        """
        if self._own_ids:
            return self._add_own(stream, accounts)
        draws, day, number = self._draws, self._day, accounts.number
        names = mistyped(draws, accounts, company_names(draws, accounts, day=day), stream="crm typo", share=0.25)
        codes = [self._managers[index].code for index in managers_of(draws, accounts, self._managers, day=day)]
        entered = accounts.created + np.where(accounts.created < accounts.starts, 0, draws.below("crm lag", 21, number))
        is_known = (entered <= day) & ~draws.chance("unknown to crm", 0.005, number)
        lacks_manager = draws.chance("no manager in crm", 0.006, number)
        lacks_size = draws.chance("no size in crm", 0.008, number)
        met = accounts.starts + draws.below("prospect met", 400, number)
        is_prospect = draws.chance("prospect beside", 0.02, number) & (met <= day)
        # A band is a person's judgement: one grade up, for a few, when somebody looks at them again.
        is_regraded = draws.chance("regraded", 0.04, number) & (accounts.starts + _regrade(draws, accounts) <= day)
        size = np.minimum(accounts.size + is_regraded, len(SIZE_BANDS) - 1)
        writer = csv.writer(stream)
        for at in np.flatnonzero(is_known | is_prospect).tolist():
            industry, region = INDUSTRIES[accounts.industry[at]][1], REGIONS[accounts.region[at]][1]
            country = COUNTRIES[accounts.country[at]][0]
            if is_known[at]:
                band = ("", "未知")[at % 2] if lacks_size[at] else SIZE_BANDS[size[at]][1]
                manager = "" if lacks_manager[at] else codes[at]
                internal = "是" if accounts.is_internal[at] else "否"
                row = (account_code(number[at]), names[at], industry, band, region, country, manager, internal)
                writer.writerow((*row, day_of(entered[at].item()).isoformat(), "合作"))
                self.accounts_count += 1
            if is_prospect[at]:
                row = (f"P{number[at]:06d}", f"{names[at]}（潜在）", industry, "", region, country, codes[at], "否")
                writer.writerow((*row, day_of(met[at].item()).isoformat(), "潜在"))
                self.accounts_count += 1

        return {}

    def _add_own(self, stream: TextIO, accounts: Accounts) -> dict[str, list[str]]:
        codes = [
            self._managers[index].code for index in managers_of(self._draws, accounts, self._managers, day=self._day)
        ]
        ids: dict[str, list[str]] = {}
        writer = csv.writer(stream)
        for record in own_id_records(self._draws, accounts, day=self._day):
            at = record.at
            industry, region = INDUSTRIES[accounts.industry[at]][1], REGIONS[accounts.region[at]][1]
            size = SIZE_BANDS[accounts.size[at]][1] if record.is_customer else ""
            country, manager = COUNTRIES[accounts.country[at]][0], codes[at]
            internal = "是" if record.is_customer and accounts.is_internal[at] else "否"
            entered, state = day_of(record.entered).isoformat(), "合作" if record.is_customer else "潜在"
            row = (record.crm_id, record.name, industry, size, region, country, manager, internal, entered, state)
            registered = (record.tax_number, record.web, record.phone, record.address, record.city)
            writer.writerow((*row, *registered, record.parent_crm_id, record.erp_number))
            self.accounts_count += 1
            if record.is_customer:
                ids.setdefault(account_code(accounts.number[at]), []).append(record.crm_id)
        return ids

    def settle(self) -> None:
        """Write the users, and put both files in their places."""
        with xlsxwriter.Workbook(str(part_of(self._users_file))) as book:
            # A fixed moment: the same users are the same bytes.
            book.set_properties({"created": datetime(2000, 1, 1)})  # noqa: DTZ001 - the format knows no zone
            sheet = book.add_worksheet("users")
            sheet.write_row(0, 0, USER_COLUMNS)
            for row, manager in enumerate(self._managers, start=1):
                language = "英文" if manager.language == "en" else "中文"
                active = "是" if manager.leaves > self._day else "否"
                hired = day_of(manager.hired).isoformat()
                cells = (manager.code, manager.name, manager.email, language, active, manager.list_capacity, hired)
                sheet.write_row(row, 0, cells)
        settle(self._users_file)
        settle(self._accounts_file)


def _regrade(draws: Draws, accounts: Accounts) -> np.typing.NDArray[np.int64]:
    return np.minimum(NEVER, 150 + draws.below("regrade day", 1_200, accounts.number))
