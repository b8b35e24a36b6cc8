"""How the Zoho server for tests lists records: pages, page tokens, what was deleted, queries."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from tests.servers.framework import Reply, Request
from tests.servers.zoho_coql import Query, QueryError, parse, value_of
from tests.servers.zoho_store import Module, Row, told

if TYPE_CHECKING:
    from tests.servers.zoho_crm import ZohoServer

_MOST_FIELDS = 50
_MOST_ROWS = 200
_DAY = timedelta(hours=24)


class RefusalError(Exception):
    """A request that is refused."""

    def __init__(self, status: int, body: Mapping[str, Any]) -> None:
        super().__init__(status)
        self.status, self.body = status, body


def refused(status: int, code: str, message: str, **details: Any) -> RefusalError:
    return RefusalError(status, {"code": code, "details": details, "message": message, "status": "error"})


@dataclass(slots=True)
class _Token:
    bound: tuple[Any, ...]
    after: Any
    row_count: int
    expires_at: datetime


@dataclass(slots=True)
class Listing:
    """Lists one store's records; keeps the page tokens that were given, and the last page of each walk."""

    server: ZohoServer
    tokens: dict[str, _Token] = field(default_factory=dict)
    _last: dict[Any, list[Row]] = field(default_factory=dict)
    _cached: tuple[Any, list[int]] = ((), [])

    def answer(self, request: Request, parts: list[str]) -> Reply:
        """Answer a request for a module's records."""
        module = self.server.store.modules.get(parts[0])
        if module is None:
            raise refused(400, "INVALID_MODULE", "the module name given seems to be invalid", resource_path_index=0)
        if request.method != "GET":
            raise refused(405, "INVALID_REQUEST_METHOD", "The http request method type is not a valid one")
        if parts[1:] == ["deleted"]:
            return self._deleted(request, module)
        if parts[1:] == ["actions", "count"]:
            return Reply({"count": sum(not row.get("Converted__s") for row in module.rows.values())})
        if len(parts) == 2:
            return self._record(request, module, parts[1])
        if len(parts) == 3:
            return self._related(request, module, parts[1:])
        return self._page(request, module)

    def _record(self, request: Request, module: Module, key: str) -> Reply:
        row = module.rows.get(int(key)) if key.isdigit() else None
        if row is None or not _is_shown(row, request.query.get("converted", "false")):
            raise refused(400, "INVALID_DATA", "the id given seems to be invalid", resource_path_index=1)
        lines = {name: self.server.store.lines_of(name, key) for name in module.subforms()}
        return Reply({"data": [row | lines]})

    def _related(self, request: Request, module: Module, parts: list[str]) -> Reply:
        names = _fields(request.query)
        if (module.name, parts[1]) != ("Deals", "Stage_History"):
            raise refused(400, "INVALID_DATA", "the relation name given seems to be invalid", resource_path_index=2)
        rows = module.rows[int(parts[0])]["$history"][::-1] if int(parts[0]) in module.rows else []
        size, page = int(request.query.get("per_page", _MOST_ROWS)), int(request.query.get("page", 1))
        given = [self._shown(row, names) for row in rows[(page - 1) * size : page * size]]
        info = {"per_page": size, "count": len(given), "page": page, "more_records": len(rows) > page * size}
        return Reply({"data": given, "info": info}) if given else Reply(status=204)

    def _page(self, request: Request, module: Module) -> Reply:
        asked = request.query
        names, size = _fields(asked), int(asked.get("per_page", _MOST_ROWS))
        if size > _MOST_ROWS:
            raise refused(400, "LIMIT_EXCEEDED", "limit exceeded", limit=_MOST_ROWS, param_name="per_page")
        if "page" in asked and "page_token" in asked:
            both = [{"param_name": "page"}, {"param_name": "page_token"}]
            raise refused(400, "AMBIGUITY_DURING_PROCESSING", "ambiguity", ambiguity_due_to=both)
        sort, order = asked.get("sort_by", "id"), asked.get("sort_order", "desc")
        if sort not in ("id", "Created_Time", "Modified_Time"):
            supported = ["id", "Created_Time", "Modified_Time"]
            raise refused(400, "INVALID_DATA", "invalid data", param_name="sort_by", supported_values=supported)
        since = request.headers.get("if-modified-since", "")
        bound = (module.name, names, size, sort, order, asked.get("converted", "false"), asked.get("cvid"), since)
        begin, done = self._begin(asked, bound, size)
        ids = self._ids(module, bound, asked.get("ids"))
        is_number = self.server.counts_rows or "page_token" not in asked
        at = begin if is_number else self._place(module, ids, begin, bound)
        rows = [self._shown(module.rows[key], names) for key in ids[at : at + size]]
        more = at + size < len(ids)
        if "page_token" in asked and self.server.script.take("repeated_page"):
            rows = self._last[bound]
        elif rows:
            self._last[bound] = rows
        if not ids:
            return Reply(status=304 if since else 204)
        info = self._info(ids[at : at + size], at, done, bound, size=size, more=more, page=asked.get("page"))
        if self.server.script.take("changing_total"):
            info["count"] = len(ids) * 3
        if self.server.script.take("empty_page"):
            rows = []
        self.server.on_page()
        return Reply({"data": rows, "info": info})

    def _begin(self, asked: Mapping[str, str], bound: tuple[Any, ...], size: int) -> tuple[Any, int]:
        """Return where a page begins (rows to pass over, or the last id), and how many rows were given before."""
        if "page_token" not in asked:
            page = int(asked.get("page", 1))
            most = self.server.limits.page_rows
            if page * size > most and page > 1:
                text = "You can only get the first 2000 records without using page_token param"
                raise refused(400, "DISCRETE_PAGINATION_LIMIT_EXCEEDED", text, limit=most)
            return (page - 1) * size, (page - 1) * size
        token = self.tokens.get(asked["page_token"])
        if token is None or token.bound != bound:
            text = "The page_token given seems to be invalid or input param is added or altered or deleted"
            raise refused(400, "TOKEN_BOUND_DATA_MISMATCH", text, param_name="page_token")
        if token.expires_at <= self.server.store.now or self.server.script.take("expired_page_token"):
            raise refused(400, "EXPIRED_VALUE", "Page token expired", api_name="page_token", json_path="$.page_token")
        if token.row_count >= self.server.limits.token_rows:
            raise refused(400, "PAGINATION_LIMIT_EXCEEDED", "pagination limit exceeded", param_name="page_token")
        return token.after, token.row_count

    def _ids(self, module: Module, bound: tuple[Any, ...], only: str | None) -> list[int]:
        _, _, _, sort, order, converted, _, since = bound
        known = (bound, only, module.revision)
        if self._cached[0] == known:
            return self._cached[1]
        wanted = {int(each) for each in only.split(",")} if only else None
        moment = datetime.fromisoformat(since) if since else None
        ids = [
            key
            for key in module.ids
            if (wanted is None or key in wanted)
            and (moment is None or datetime.fromisoformat(module.rows[key]["Modified_Time"]) >= moment)
            and _is_shown(module.rows[key], converted)
        ]
        if sort != "id":
            ids.sort(key=lambda key: _rank(module, key, sort))
        if order == "desc":
            ids.reverse()
        self._cached = (known, ids)
        return ids

    def _place(self, module: Module, ids: list[int], after: Any, bound: tuple[Any, ...]) -> int:
        """Return where the rows behind a token's last one begin, wherever that one is now."""
        sort, order = bound[3], bound[4]
        rising = ids[::-1] if order == "desc" else ids
        if order == "desc":
            return len(ids) - bisect_left(rising, after, key=lambda key: _rank(module, key, sort))
        return bisect_right(rising, after, key=lambda key: _rank(module, key, sort))

    def _info(
        self, keys: list[int], at: int, done: int, bound: tuple[Any, ...], *, size: int, more: bool, page: str | None
    ) -> dict[str, Any]:
        token = None
        expires_at = self.server.store.now + _DAY
        if more:
            module = self.server.store.modules[bound[0]]
            after = at + size if self.server.counts_rows else _rank(module, keys[-1], bound[3])
            token = f"{len(self.tokens):08x}{abs(hash(bound)):016x}"
            self.tokens[token] = _Token(bound, after, done + len(keys), expires_at)
        return {
            "per_page": size, "count": len(keys), "page": int(page or at // size + 1), "sort_by": bound[3],
            "sort_order": bound[4], "more_records": more, "next_page_token": token, "previous_page_token": None,
            "page_token_expiry": told(expires_at) if token else None,
        }  # fmt: skip

    def _shown(self, row: Row, names: tuple[str, ...]) -> Row:
        return {"id": row["id"]} | {name: row.get(name) for name in names if not isinstance(row.get(name), list)
                                    or all(isinstance(each, str) for each in row[name])}  # fmt: skip

    def _deleted(self, request: Request, module: Module) -> Reply:
        since = request.headers.get("if-modified-since")
        moment = datetime.fromisoformat(since) if since else None
        size, page = int(request.query.get("per_page", _MOST_ROWS)), int(request.query.get("page", 1))
        kind = request.query.get("type", "all")
        rows = [
            row
            for row in reversed(module.deleted)
            if (moment is None or datetime.fromisoformat(row["deleted_time"]) >= moment)
            and kind in ("all", row["type"])
        ]
        given = rows[(page - 1) * size : page * size]
        if page > 1 and self.server.script.take("repeated_page"):
            given, page = rows[(page - 2) * size : (page - 1) * size], page - 1
        if not given or self.server.script.take("empty_page"):
            return Reply(status=304 if since else 204)
        more = len(rows) > page * size
        info = {"per_page": size, "count": len(given), "page": page, "more_records": more}
        return Reply({"data": given, "info": info})

    def query(self, request: Request) -> Reply:
        """Answer a query: not of converted leads, and of a lookup the id only."""
        try:
            query = parse(str(request.json().get("select_query", "")), most=self.server.limits.query_rows)
            module = self._checked(query)
        except QueryError as error:
            return Reply(error.body, 400)
        ids = module.ids[bisect_right(module.ids, query.id_above) :]
        wanted: list[Row] = []
        for key in reversed(ids) if query.is_descending else ids:
            row = self._with_parent(module, module.rows[key])
            if not row.get("Converted__s") and query.holds(row):
                wanted.append(row)
            if len(wanted) > query.offset + query.limit:
                break
        rows = wanted[query.offset : query.offset + query.limit]
        self.server.on_page()
        if self.server.script.take("empty_page") or not rows:
            return Reply(status=204)
        columns = ("id", *(name for name in query.columns if name != "id"))
        shown = [{name: row["id"] if name == "id" else value_of(row, name) for name in columns} for row in rows]
        walk = re.sub(r"id (>|<=) \d+", "", str(request.json()["select_query"]))
        if query.id_above and walk in self._last and self.server.script.take("repeated_page"):
            shown = self._last[walk]
        self._last[walk] = shown
        count = len(shown) * (3 if self.server.script.take("changing_total") else 1)
        more = len(wanted) > query.offset + query.limit
        return Reply({"data": shown, "info": {"count": count, "more_records": more}})

    def _checked(self, query: Query) -> Module:
        module = self.server.store.modules.get(query.module)
        if module is None:
            raise QueryError("INVALID_QUERY", "module given seems to be invalid", module=query.module)
        most = self.server.limits.query_offset
        if query.offset + query.limit > most:
            raise QueryError("LIMIT_EXCEEDED", "limit exceeded", limit=most, clause="offset")
        for column in {*query.columns, *query.named} - {"id"}:
            self._check_column(module, column)
        return module

    def _check_column(self, module: Module, column: str) -> None:
        head, _, tail = column.partition(".")
        inner = self.server.store.modules[module.parent] if head == "Parent_Id" and tail else module
        kind = inner.kinds.get(tail or head)
        if kind is None or kind == "subform":
            raise QueryError("INVALID_QUERY", "column given seems to be invalid", column_name=column)

    def _with_parent(self, module: Module, row: Row) -> Row:
        if not module.parent:
            return row
        parent = self.server.store.modules[module.parent].rows.get(int(row["Parent_Id"]["id"]))
        return row | {"$parent": parent}


def _fields(asked: Mapping[str, str]) -> tuple[str, ...]:
    if "fields" not in asked:
        raise refused(400, "REQUIRED_PARAM_MISSING", "One of the expected parameter is missing", param_name="fields")
    names = tuple(asked["fields"].split(","))
    if len(names) > _MOST_FIELDS:
        raise refused(400, "LIMIT_EXCEEDED", "limit exceeded", limit=_MOST_FIELDS, param_name="fields")
    if names in (("id",), ("",)):
        raise refused(400, "INVALID_DATA", "invalid data", param_name="fields")
    return names


def _rank(module: Module, key: int, sort: str) -> Any:
    return key if sort == "id" else (datetime.fromisoformat(module.rows[key][sort]), key)


def _is_shown(row: Row, converted: str) -> bool:
    return converted == "both" or bool(row.get("Converted__s")) == (converted == "true")
