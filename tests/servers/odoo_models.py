"""The models of the Odoo for tests: a few fields of each kind that a real one has."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """A field as fields_get tells it."""

    type: str
    string: str
    relation: str = ""
    selection: tuple[tuple[str, str], ...] = ()
    manual: bool = False

    def described(self) -> dict[str, object]:
        about: dict[str, object] = {"type": self.type, "string": self.string, "manual": self.manual}
        if self.relation:
            about["relation"] = self.relation
        if self.type == "selection":
            about["selection"] = [list(pair) for pair in self.selection]
        return about


_LOG = {
    "id": FieldSpec("integer", "ID"),
    "create_date": FieldSpec("datetime", "Created on"),
    "write_date": FieldSpec("datetime", "Last Updated on"),
}
_NAME = {"name": FieldSpec("char", "Name")}

MODELS: dict[str, dict[str, FieldSpec]] = {
    "res.users": _LOG | _NAME | {"login": FieldSpec("char", "Login"), "active": FieldSpec("boolean", "Active")},
    "res.partner": _LOG
    | _NAME
    | {
        "is_company": FieldSpec("boolean", "Is a Company"),
        "active": FieldSpec("boolean", "Active"),
        "parent_id": FieldSpec("many2one", "Related Company", "res.partner"),
        "commercial_partner_id": FieldSpec("many2one", "Commercial Entity", "res.partner"),
        "vat": FieldSpec("char", "Tax ID"),
        "category_id": FieldSpec("many2many", "Tags", "res.partner.category"),
        "image_128": FieldSpec("binary", "Image"),
        "x_region": FieldSpec("char", "区域", manual=True),
    },
    "res.partner.category": _LOG | _NAME,
    "crm.stage": _LOG | _NAME,
    "crm.lead": _LOG
    | _NAME
    | {
        "active": FieldSpec("boolean", "Active"),
        "partner_id": FieldSpec("many2one", "Customer", "res.partner"),
        "stage_id": FieldSpec("many2one", "Stage", "crm.stage"),
        "type": FieldSpec("selection", "Type", selection=(("lead", "Lead"), ("opportunity", "Opportunity"))),
        "expected_revenue": FieldSpec("monetary", "Expected Revenue"),
        "date_deadline": FieldSpec("date", "Expected Closing"),
        "date_closed": FieldSpec("datetime", "Closed Date"),
        "probability": FieldSpec("float", "Probability"),
    },
    "ir.model": _LOG
    | _NAME
    | {"model": FieldSpec("char", "Model"), "transient": FieldSpec("boolean", "Transient Model")},
    "ir.model.fields": _LOG
    | _NAME
    | {
        "model": FieldSpec("char", "Model Name"),
        "field_description": FieldSpec("char", "Field Label"),
        "ttype": FieldSpec("selection", "Field Type"),
    },
    "mail.message": _LOG
    | {
        "model": FieldSpec("char", "Related Document Model"),
        "res_id": FieldSpec("many2one_reference", "Related Document ID"),
        "date": FieldSpec("datetime", "Date"),
        "author_id": FieldSpec("many2one", "Author", "res.partner"),
    },
    "mail.tracking.value": _LOG
    | {
        "field_id": FieldSpec("many2one", "Field", "ir.model.fields"),
        "mail_message_id": FieldSpec("many2one", "Message ID", "mail.message"),
        "old_value_char": FieldSpec("char", "Old Value Char"),
        "new_value_char": FieldSpec("char", "New Value Char"),
        "old_value_integer": FieldSpec("integer", "Old Value Integer"),
        "new_value_integer": FieldSpec("integer", "New Value Integer"),
        "old_value_float": FieldSpec("float", "Old Value Float"),
        "new_value_float": FieldSpec("float", "New Value Float"),
        "old_value_text": FieldSpec("text", "Old Value Text"),
        "new_value_text": FieldSpec("text", "New Value Text"),
        "old_value_datetime": FieldSpec("datetime", "Old Value DateTime"),
        "new_value_datetime": FieldSpec("datetime", "New Value Datetime"),
    },
}
