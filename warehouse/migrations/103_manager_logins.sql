-- An account manager who looks with a login of their own sees their customers only (docs/decisions/0062): the views of
-- bi_own show what bi shows, of the accounts whose manager the login stands for.
create schema if not exists bi_own;
grant usage on schema bi_own to guanxi_manager;

create table if not exists ops.manager_logins (
    login text primary key,
    account_manager_id text not null unique
);
comment on table ops.manager_logins is 'One row per login of an account manager; whose accounts it sees.';

-- What each view of bi_own was made of, so that it is made anew only when that changes.
create table if not exists ops.own_views (
    view_name text primary key,
    definition text not null
);

-- Whose login this is: session_user is what logged in, and neither SET ROLE nor a setting of the session changes it.
create or replace function ops.my_manager_id() returns text
language sql stable security definer set search_path = pg_catalog as $f$
    select l.account_manager_id from ops.manager_logins l where l.login = cast(session_user as text)
$f$;

-- Looked up when it is called, so that no view of bi_own rests on bi.dim_accounts.
create or replace function ops.my_account_ids() returns setof text
language plpgsql stable security definer set search_path = pg_catalog as $f$
begin
    return query
        select a.account_id from bi.dim_accounts a where a.account_manager_id = ops.my_manager_id();
end $f$;

revoke all on function ops.my_manager_id(), ops.my_account_ids() from public;
grant execute on function ops.my_manager_id(), ops.my_account_ids() to guanxi_manager;
grant usage on schema ops to guanxi_manager;
