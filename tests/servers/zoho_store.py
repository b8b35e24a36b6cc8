"""The records of a Zoho CRM for tests, in memory: what a server tells of them is another matter."""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from threading import RLock
from typing import Any

NOON = datetime(2026, 3, 31, 12, tzinfo=UTC)
OFFSET = timezone(timedelta(hours=8))  # the organisation's own
FIRST_ID = 5_843_104_000_000_001_001
_STEP = 7

HISTORY = "Stage:picklist Amount:currency Modified_Time:datetime Modified_By:ownerlookup"
_SYSTEM = "Owner:ownerlookup Created_Time:datetime Modified_Time:datetime Created_By:ownerlookup Tag:text"
STANDARD = {
    "Leads": "Last_Name:text First_Name:text Company:text Email:email Phone:phone Lead_Source:picklist"
    " Lead_Status:picklist Annual_Revenue:currency Converted__s:boolean",
    "Accounts": "Account_Name:text Account_Number:text Industry:picklist Website:website Phone:phone Employees:integer"
    " Annual_Revenue:currency Billing_City:text Billing_State:text Billing_Country:text Parent_Account:lookup"
    " Tax_Number:text Tags_Chosen:multiselectpicklist",
    "Contacts": "Last_Name:text First_Name:text Full_Name:text Email:email Phone:phone Title:text"
    " Department:text Account_Name:lookup",
    "Deals": "Deal_Name:text Stage:picklist Amount:currency Closing_Date:date Probability:integer Account_Name:lookup"
    " Contact_Name:lookup Lead_Source:picklist Type:picklist Campaign_Source:lookup",
    "Tasks": "Subject:text Status:picklist Priority:picklist Due_Date:date What_Id:lookup Who_Id:lookup",
    "Calls": "Subject:text Call_Type:picklist Call_Start_Time:datetime Call_Duration:text What_Id:lookup Who_Id:lookup",
    "Events": "Event_Title:text Start_DateTime:datetime End_DateTime:datetime What_Id:lookup Who_Id:lookup Venue:text",
    "Cases": "Case_Number:autonumber Subject:text Status:picklist Priority:picklist Account_Name:lookup"
    " Related_To:lookup",
    "Products": "Product_Name:text Product_Code:text Product_Category:picklist Unit_Price:currency"
    " Product_Active:boolean",
    "Quotes": "Subject:text Quote_Stage:picklist Account_Name:lookup Deal_Name:lookup Valid_Till:date"
    " Grand_Total:currency Quoted_Items:subform",
    "Sales_Orders": "Subject:text SO_Number:autonumber Status:picklist Account_Name:lookup Deal_Name:lookup"
    " Due_Date:date Grand_Total:currency Sub_Total:currency Ordered_Items:subform",
    "Invoices": "Subject:text Invoice_Number:autonumber Status:picklist Account_Name:lookup Sales_Order:lookup"
    " Invoice_Date:date Due_Date:date Sub_Total:currency Grand_Total:currency Invoiced_Items:subform",
    "Campaigns": "Campaign_Name:text Type:picklist Status:picklist Start_Date:date End_Date:date"
    " Budgeted_Cost:currency Actual_Cost:currency Num_sent:bigint",
}
LINES = (
    "Parent_Id:lookup Product_Name:lookup Quantity:double List_Price:currency Discount:currency Total:currency"
    " Total_After_Discount:currency Net_Total:currency Description:textarea"
    " Sequence_Number:integer Created_Time:datetime Modified_Time:datetime"
)
_LABELS = {"SO_Number": "SO Number", "Num_sent": "Num sent"}

Row = dict[str, Any]


def told(moment: datetime) -> str:
    """Return a moment as Zoho writes it."""
    return moment.astimezone(OFFSET).isoformat(timespec="seconds")


@dataclass(slots=True)
class Module:
    """One module's records by id, the ids in order, what was deleted, and a number that grows with each change."""

    name: str
    kinds: dict[str, str]
    parent: str = ""
    rows: dict[int, Row] = field(default_factory=dict)
    ids: list[int] = field(default_factory=list)
    deleted: list[Row] = field(default_factory=list)
    revision: int = 0

    @property
    def is_convertible(self) -> bool:
        return self.name == "Leads"

    def subforms(self) -> list[str]:
        return [name for name, kind in self.kinds.items() if kind == "subform"]


@dataclass(slots=True)
class ZohoStore:
    """All modules and users; `now` is the server's clock, which a test sets and each change moves by `tick`."""

    now: datetime = NOON
    tick: timedelta = timedelta(seconds=1)
    modules: dict[str, Module] = field(default_factory=dict)
    users: list[Row] = field(default_factory=list)
    lock: RLock = field(default_factory=RLock)
    _last_id: int = FIRST_ID

    def __post_init__(self) -> None:
        for name, kinds in STANDARD.items():
            self.add_module(name, kinds)
        self.modules["DealHistory"] = Module("DealHistory", _kinds(HISTORY))
        self.add_user("Wei Zhang", "wei.zhang@example.com")

    def add_module(self, name: str, kinds: str) -> Module:
        """Add a module by its fields (`Name:kind Name:kind`), and a module for the lines of each subform."""
        module = Module(name, _kinds(f"{kinds} {_SYSTEM}"))
        self.modules[name] = module
        for each in module.subforms():
            self.modules[each] = Module(each, _kinds(LINES), parent=name)
        return module

    def add_user(self, name: str, email: str, *, status: str = "active") -> Row:
        first, _, last = name.partition(" ")
        user = {"id": str(self._next_id()), "full_name": name, "first_name": first, "last_name": last, "email": email}
        more = {"status": status, "confirm": True, "role": {"id": "1", "name": "CEO"}, "country": "CN"}
        self.users.append(user | more | {"created_time": told(self.now), "Modified_Time": told(self.now)})
        return self.users[-1]

    def insert(self, name: str, **values: Any) -> str:
        """Add a record now, and return its id. A subform's value is a list of its lines' values."""
        with self.lock:
            module, number = self.modules[name], self._next_id()
            owner = {key: self.users[0][key] for key in ("id", "email")} | {"name": self.users[0]["full_name"]}
            stamps = {"Created_Time": told(self.now), "Owner": owner, "Created_By": owner}
            module.rows[number] = {"id": str(number), "$history": []} | dict.fromkeys(module.kinds) | stamps
            insort(module.ids, number)
            self._write(module, number, values)
            return str(number)

    def update(self, name: str, key: str, **values: Any) -> None:
        """Change a record now; a subform's value replaces all of its lines."""
        with self.lock:
            self._write(self.modules[name], int(key), values)

    def delete(self, name: str, key: str, *, kind: str = "recycle") -> None:
        """Delete a record now, and its lines."""
        with self.lock:
            module = self.modules[name]
            row = module.rows.pop(int(key))
            module.ids.remove(int(key))
            self._tick(module)
            person = {"id": self.users[0]["id"], "name": self.users[0]["full_name"]}
            gone = {"id": key, "display_name": None, "type": kind, "deleted_by": person, "created_by": person}
            module.deleted.append(gone | {"deleted_time": told(self.now)})
            for each in module.subforms():
                self._replace_lines(each, row, [])

    def convert(self, key: str) -> None:
        """Convert a lead: it stays, but is shown only to who asks for it."""
        self.update("Leads", key, Converted__s=True)

    def fill(self, name: str, count: int, make: Callable[[int], Mapping[str, Any]] = lambda _: {}) -> None:
        """Add many records, cheaply: all at one moment a thousand."""
        with self.lock:
            module = self.modules[name]
            for number in range(count):
                if number % 1000 == 0:
                    self._tick(module)
                    stamp = told(self.now)
                key = self._next_id()
                row = {"id": str(key), "Created_Time": stamp, "Modified_Time": stamp}
                module.rows[key] = row | dict(make(number))
                module.ids.append(key)

    def _write(self, module: Module, number: int, values: Mapping[str, Any]) -> None:
        unknown = values.keys() - module.kinds.keys()
        if unknown:
            raise KeyError(f"{module.name} has no {', '.join(sorted(unknown))}")
        row = module.rows[number]
        self._tick(module)
        for name, value in values.items():
            if module.kinds[name] == "subform":
                self._replace_lines(name, row, value)
            else:
                row[name] = value
        if "Stage" in values:
            stage = {"id": str(self._next_id()), "Stage": row["Stage"], "Amount": row["Amount"]}
            row["$history"].append(stage | {"Modified_Time": told(self.now), "Modified_By": row["Owner"]})
        row["Modified_Time"] = told(self.now)

    def _replace_lines(self, name: str, parent: Row, lines: list[Mapping[str, Any]]) -> None:
        """Make these a record's lines: one with an id changes that line, one without is new, the others go."""
        module = self.modules[name]
        kept = {int(line["id"]) for line in lines if "id" in line}
        for number in [key for key in module.ids if module.rows[key]["Parent_Id"]["id"] == parent["id"]]:
            if number not in kept:
                del module.rows[number]
                module.ids.remove(number)
        for position, line in enumerate(lines, start=1):
            number = int(line["id"]) if "id" in line else self._next_id()
            if number not in module.rows:
                insort(module.ids, number)
                module.rows[number] = {"id": str(number)} | dict.fromkeys(module.kinds)
                module.rows[number]["Created_Time"] = told(self.now)
            link = {"id": parent["id"], "name": parent.get("Subject")}
            own = {key: value for key, value in line.items() if key != "id"}
            stamps = {"Parent_Id": link, "Sequence_Number": position, "Modified_Time": told(self.now)}
            module.rows[number] |= own | stamps
        module.revision += 1

    def lines_of(self, name: str, parent: str) -> list[Row]:
        """Return a record's lines in their order."""
        rows = [row for row in self.modules[name].rows.values() if row["Parent_Id"]["id"] == parent]
        return sorted(rows, key=lambda row: int(row["Sequence_Number"]))

    def _tick(self, module: Module) -> None:
        self.now += self.tick
        module.revision += 1

    def _next_id(self) -> int:
        self._last_id += _STEP
        return self._last_id


def described(module: Module) -> list[Row]:
    """Return a module's fields as the metadata tells them."""
    return [
        {
            "api_name": name,
            "data_type": kind,
            "json_type": _json_type(kind),
            "display_label": _LABELS.get(name, name.replace("_", " ")),
            "field_label": _LABELS.get(name, name.replace("_", " ")),
            "custom_field": name.endswith("__c"),
            "system_mandatory": False,
            "id": str(FIRST_ID + number),
            "pick_list_values": [],
            "subform": {"module": name, "id": str(FIRST_ID)} if kind == "subform" else None,
            "associated_module": {"module": name, "id": str(FIRST_ID)} if kind == "subform" else None,
            "lookup": {"module": {"api_name": "Accounts", "id": str(FIRST_ID)}} if kind == "lookup" else {},
            "multiselectlookup": {},
            "formula": {},
        }
        for number, (name, kind) in enumerate(module.kinds.items())
    ]


def _kinds(text: str) -> dict[str, str]:
    return dict(each.split(":") for each in text.split())


def _json_type(kind: str) -> str:
    if kind in ("lookup", "ownerlookup"):
        return "jsonobject"
    if kind in ("multiselectpicklist", "subform"):
        return "jsonarray"
    return {"integer": "integer", "currency": "double", "double": "double", "boolean": "boolean"}.get(kind, "string")
