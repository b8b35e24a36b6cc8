"""What modules, fields and subforms a Zoho CRM has, asked once and kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import partial
from typing import Any

from sources.api.connector import SourceField
from sources.api.http import AgainError
from sources.errors import MissingTableError
from sources.mapping.contract import ColumnType
from sources.zoho_crm.answers import Told
from sources.zoho_crm.door import Door
from sources.zoho_crm.values import source_field

USERS = "users"
PARENT = "parent"
STAGES = "Deals.Stage_History"
_HIDDEN = frozenset(
    {
        "DealHistory",  # read with its deals
        "Home",
        "Dashboards",
        "Reports",
        "Feeds",
        "SalesInbox",
        "Documents",
        "Social",
        "Google_AdWords",
    }
)
_MODULE_OF = "$se_module"
_USER_FIELDS: dict[str, tuple[ColumnType, str]] = {
    "full_name": ("text", "text"),
    "first_name": ("text", "text"),
    "last_name": ("text", "text"),
    "email": ("text", "email"),
    "status": ("text", "picklist"),
    "category": ("text", "text"),
    "phone": ("text", "phone"),
    "mobile": ("text", "phone"),
    "country": ("text", "text"),
    "language": ("text", "text"),
    "locale": ("text", "text"),
    "time_zone": ("text", "text"),
    "confirm": ("boolean", "boolean"),
    "created_time": ("timestamptz", "datetime"),
    "Modified_Time": ("timestamptz", "datetime"),
    "role": ("text", "lookup"),
    "profile": ("text", "lookup"),
    "Reporting_To": ("text", "userlookup"),
}


@dataclass(frozen=True, slots=True)
class Module:
    """A module. Records of a convertible one (leads) are hidden from queries and counts once they are converted."""

    name: str
    label: str
    is_convertible: bool = False
    parent: str = ""


@dataclass(frozen=True, slots=True)
class Subform:
    """The lines of a record: `field` of `parent` lists them; `module` has all of them.

    Those of a related list are not in the record itself, and no query gives them.
    """

    parent: str
    field: str
    module: str
    is_related: bool = False


@dataclass(slots=True)
class Metadata:
    """The metadata of one Zoho CRM; each part is asked for once."""

    door: Door
    _modules: dict[str, Module] = field(default_factory=dict)
    _fields: dict[str, dict[str, SourceField]] = field(default_factory=dict)
    _described: dict[str, list[Mapping[str, Any]]] = field(default_factory=dict)

    def modules(self) -> Mapping[str, Module]:
        """Return every module that the API gives, by name."""
        if not self._modules:
            told = self.door.ask("/settings/modules", check=_has("modules"))
            for each in told.rows("modules"):
                if each.get("api_supported") and each.get("api_name") not in _HIDDEN:
                    module = _module(each)
                    self._modules[module.name] = module
        return self._modules

    def module(self, name: str) -> Module:
        """Return a module. Raises MissingTableError where there is none of this name."""
        modules = self.modules()
        if name in modules:
            return modules[name]
        close = get_close_matches(name, list(modules), n=1)
        raise MissingTableError(
            f"{self.door.thing}, module {name}",
            seen="no such module" + (f" (did you mean {close[0]}?)" if close else ""),
            expected=f"one of: {', '.join(modules)}",
            next_step="correct `object` in company.yml: it is the API name, not the label",
        )

    def subform(self, name: str) -> Subform | None:
        """Return what `Sales_Orders.Ordered_Items`, `Ordered_Items` or `Deals.Stage_History` means; None for a module.

        Raises MissingTableError for what is neither.
        """
        parent, dot, field_name = name.partition(".")
        module = self.module(parent)
        if not dot:
            if module.parent not in self.modules():
                return None
            parent, field_name = module.parent, name
        subforms = {each.field: each for each in self._subforms(parent)}
        for each in subforms.values():
            if field_name == each.field or (not dot and field_name == each.module):
                return each
        related = {} if not dot else {each.field: each for each in self._related(parent)}
        if field_name in related:
            return related[field_name]
        raise MissingTableError(
            f"{self.door.thing}, {name}",
            seen=f"{parent} has neither a subform nor a related list {field_name}",
            expected=f"one of: {', '.join((*subforms, *related))}",
            next_step="correct `object` in company.yml",
        )

    def _subforms(self, parent: str) -> Iterator[Subform]:
        for each in self._of(parent):
            if each.get("data_type") == "subform":
                name = str(each["api_name"])
                module = (each.get("subform") or each.get("associated_module") or {}).get("module") or name
                yield Subform(parent, name, str(module["api_name"] if isinstance(module, dict) else module))

    def _related(self, parent: str) -> Iterator[Subform]:
        """Yield the related lists whose rows nothing else gives, such as the stages of a deal."""
        told = self.door.ask("/settings/related_lists", params={"module": parent}, check=_has("related_lists"))
        for each in told.rows("related_lists"):
            module = each.get("module")
            if isinstance(module, dict) and module.get("api_name"):
                yield Subform(parent, str(each["api_name"]), str(module["api_name"]), is_related=True)

    def fields(self, module: str) -> Mapping[str, SourceField]:
        """Return a module's fields by name, the id among them."""
        if module not in self._fields:
            named = {each.name: each for each in map(source_field, self._of(module))}
            if "What_Id" in named:  # the metadata leaves out what tells whose id it is
                named[_MODULE_OF] = SourceField(_MODULE_OF, "text", "Module of What_Id", _MODULE_OF)
            self._fields[module] = {"id": SourceField("id", "text", "Id", "bigint")} | named
        return self._fields[module]

    def line_fields(self, subform: Subform) -> Mapping[str, SourceField]:
        """Return the fields of a subform's lines, and `parent`, the record they belong to."""
        parent = SourceField(PARENT, "text", subform.parent, "lookup", is_lookup=True)
        return {PARENT: parent, **self.fields(subform.module)}

    def user_fields(self) -> Mapping[str, SourceField]:
        """Return the fields of users, which the API does not describe."""
        return {"id": SourceField("id", "text", "Id", "bigint")} | {
            name: SourceField(name, kind, source_type=zoho, is_lookup=zoho.endswith("lookup"))
            for name, (kind, zoho) in _USER_FIELDS.items()
        }

    def _of(self, module: str) -> list[Mapping[str, Any]]:
        if module not in self._described:
            told = self.door.ask("/settings/fields", params={"module": module}, check=_has("fields"))
            self._described[module] = told.rows("fields")
        return self._described[module]


def _module(each: Mapping[str, Any]) -> Module:
    parent = each.get("parent_module")
    return Module(
        name=str(each["api_name"]),
        label=str(each.get("plural_label") or each["api_name"]),
        is_convertible=bool(each.get("convertable")),
        parent=str(parent.get("api_name") or "") if isinstance(parent, dict) else "",
    )


def _has(name: str) -> Any:
    return partial(_refuse_empty, name=name)


def _refuse_empty(told: Told, *, name: str) -> None:
    if not told.rows(name):
        raise AgainError(f"an answer without {name}")
