"""Bring Superset's metadata to the shape that a bundle describes; run by Superset's own Python.

Reads the bundle as JSON from stdin, since it holds passwords, and writes what came of it as JSON to stdout. Running it
again changes what differs and adds nothing.
"""

import json
import sys
from typing import Any

MANAGERS = "Account managers"
COMPANY = "Company figures"


def main() -> int:
    bundle = json.load(sys.stdin)
    from superset.app import create_app

    app = create_app()
    with app.app_context():
        from flask_migrate import upgrade

        upgrade()
        told = _load(bundle)
    sys.stdout.write(json.dumps(told) + "\n")
    return 0


def _load(bundle: dict[str, Any]) -> dict[str, Any]:
    from flask import g
    from superset import appbuilder, db, security_manager
    from superset.commands.importers.v1.assets import ImportAssetsCommand

    appbuilder.add_permissions(update_perms=True)
    security_manager.sync_role_definitions()
    admin = _user(bundle["admin"], ["Admin"])
    g.user = admin
    ImportAssetsCommand(bundle["files"], passwords=bundle["passwords"]).run()
    _drop_what_went(bundle["ids"])
    datasets, dashboards = _ours(bundle["ids"])
    roles = _roles(bundle, datasets)
    for uuid, dashboard in dashboards.items():
        names = [COMPANY, MANAGERS] if uuid in bundle["for_managers"]["dashboards"] else [COMPANY]
        dashboard.roles = [roles[name] for name in names]
    own = [datasets[uuid] for uuid in bundle["for_managers"]["own_datasets"]]
    _rule("Nobody's customers", "1 = 0", roles[MANAGERS], own)
    for manager in bundle["managers"]:
        _let_in(manager, own)
    _shut_out({manager["username"] for manager in bundle["managers"]})
    db.session.commit()
    return {
        "datasets": {dataset.table_name: dataset.id for dataset in datasets.values()},
        "dashboards": {dashboard.slug: dashboard.id for dashboard in dashboards.values()},
        "charts": sorted(chart.id for dashboard in dashboards.values() for chart in dashboard.slices),
        "managers": sorted(manager["username"] for manager in bundle["managers"]),
    }


def _ours(ids: list[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    from superset import db
    from superset.connectors.sqla.models import SqlaTable
    from superset.models.dashboard import Dashboard

    found = [
        {str(each.uuid): each for each in db.session.query(kind).all() if str(each.uuid) in ids}
        for kind in (SqlaTable, Dashboard)
    ]
    return found[0], found[1]


def _drop_what_went(ids: list[str]) -> None:
    """Take away what an earlier bundle brought and this one does not name."""
    from superset import db
    from superset.connectors.sqla.models import SqlaTable
    from superset.models.dashboard import Dashboard
    from superset.models.slice import Slice

    for kind in (Dashboard, Slice, SqlaTable):
        for each in db.session.query(kind).filter_by(is_managed_externally=True).all():
            if str(each.uuid) not in ids:
                db.session.delete(each)
    db.session.flush()


def _roles(bundle: dict[str, Any], datasets: dict[str, Any]) -> dict[str, Any]:
    """Give the company's readers every dataset, and account managers those that are filtered by their rule."""
    from superset import security_manager

    seen = {COMPANY: list(datasets), MANAGERS: bundle["for_managers"]["datasets"]}
    roles = {}
    for name, uuids in seen.items():
        roles[name] = security_manager.add_role(name)
        wanted = [
            security_manager.add_permission_view_menu("datasource_access", datasets[uuid].get_perm()) for uuid in uuids
        ]
        roles[name].permissions = wanted
    return roles


def _let_in(manager: dict[str, str], own: list[Any]) -> None:
    """Make a manager's user, role and rule. Rules of one group are joined by "or": nobody's, and this one's."""
    from superset import security_manager

    role = security_manager.add_role(f"Account manager {manager['account_manager_id']}")
    _user(manager, ["Gamma", MANAGERS, role.name])
    quoted = manager["account_manager_id"].replace("'", "''")
    _rule(f"Customers of {manager['account_manager_id']}", f"account_manager_id = '{quoted}'", role, own)


def _shut_out(usernames: set[str]) -> None:
    """Let nobody in as an account manager whose login was closed."""
    from superset import security_manager

    managers = security_manager.find_role(MANAGERS)
    for user in security_manager.get_all_users():
        if managers in user.roles:
            user.active = user.username in usernames


def _user(person: dict[str, str], role_names: list[str]) -> Any:
    from superset import security_manager

    roles = [security_manager.find_role(name) for name in role_names]
    user = security_manager.find_user(username=person["username"])
    if user is None:
        email = f"{person['username']}@guanxi.invalid"
        return security_manager.add_user(
            person["username"], person["name"], "", email, roles, password=person["password"]
        )
    missing = [role for role in roles if role not in user.roles]
    user.roles = [*user.roles, *missing]
    return user


def _rule(name: str, clause: str, role: Any, tables: list[Any]) -> None:
    from superset import db
    from superset.connectors.sqla.models import RowLevelSecurityFilter

    rule = db.session.query(RowLevelSecurityFilter).filter_by(name=name).one_or_none()
    if rule is None:
        rule = RowLevelSecurityFilter(name=name)
        db.session.add(rule)
    rule.filter_type = "Regular"
    rule.group_key = "own customers"
    rule.clause = clause
    rule.roles = [role]
    rule.tables = tables


if __name__ == "__main__":
    sys.exit(main())
