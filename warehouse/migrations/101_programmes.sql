-- Who was drawn into which programme, and into which arm: written in the transaction that publishes a night, never
-- changed. So an account keeps its arm whatever becomes of its risk, its class or the policy.
create table if not exists ops.programme_assignments (
    programme_code text not null,
    account_id text not null,
    arm text not null check (arm in ('treated', 'holdout')),
    stratum_code text not null,
    holdout_rate numeric(5, 4) not null check (holdout_rate >= 0 and holdout_rate < 1),
    assigned_date date not null,
    gen bigint not null,
    primary key (programme_code, account_id)
);
grant select on ops.programme_assignments to guanxi_transformer, guanxi_checker;

-- Called by ops.publish inside its transaction.
create or replace function ops.keep_assignments(p_gen bigint) returns void
language plpgsql security definer set search_path = pg_catalog as $f$
begin
    if to_regclass('pub.fct_programme_assignments') is null then
        return;
    end if;
    insert into ops.programme_assignments
        (programme_code, account_id, arm, stratum_code, holdout_rate, assigned_date, gen)
    select a.programme_code, a.account_id, a.arm, a.stratum_code, a.holdout_rate, a.assigned_date, p_gen
    from pub.fct_programme_assignments a
    where a.gen = p_gen
    on conflict (programme_code, account_id) do nothing;
end $f$;

-- What had been drawn up to a generation's day, that day's earlier attempts included: what is published stands. The
-- scorer reads it through this function.
create or replace function ops.assigned_before(p_gen bigint)
returns setof ops.programme_assignments
language sql stable security definer set search_path = pg_catalog as $f$
    select a.* from ops.programme_assignments a
    where a.assigned_date <= (select r.as_of from ops.runs r where r.gen = p_gen)
$f$;

revoke all on function ops.keep_assignments (bigint), ops.assigned_before (bigint) from public;
grant execute on function ops.assigned_before (bigint) to guanxi_scorer;

-- Whose name stood on a churn list that was mailed, by the day of the list. Generations are forgotten, this is not.
create table if not exists ops.mailed_accounts (
    account_id text not null,
    as_of date not null,
    gen bigint not null,
    primary key (account_id, as_of)
);
-- whose the account was, and what the list said of it; null on lists of before these were kept
alter table ops.mailed_accounts
add column if not exists owner_id text,
add column if not exists status_code text,
add column if not exists band_code text,
add column if not exists churn_probability double precision;

create or replace function ops.note_mailed() returns trigger
language plpgsql security definer set search_path = pg_catalog as $f$
begin
    if to_regclass('pub.fct_churn_lists') is not null then
        insert into ops.mailed_accounts
            (account_id, as_of, gen, owner_id, status_code, band_code, churn_probability)
        select
            l.account_id, r.as_of, new.gen, coalesce(l.stands_in_for_id, l.account_manager_id), l.status_code,
            l.band_code, l.churn_probability
        from pub.fct_churn_lists l
        inner join ops.runs r on r.gen = l.gen
        where l.gen = new.gen and l.account_manager_id = new.account_manager_id and l.account_id is not null
        on conflict (account_id, as_of) do nothing;
    end if;
    return null;
end $f$;
create or replace trigger mailed_accounts_are_noted after update of state on ops.outbox
for each row when (new.kind = 'churn_list' and new.state = 'sent' and old.state is distinct from 'sent')
execute function ops.note_mailed();

-- Those of the days before a generation's own, whose lists go out after it.
create or replace function ops.mailed_before(p_gen bigint)
returns setof ops.mailed_accounts
language sql stable security definer set search_path = pg_catalog as $f$
    select m.* from ops.mailed_accounts m
    where m.as_of < (select r.as_of from ops.runs r where r.gen = p_gen)
$f$;

revoke all on function ops.note_mailed (), ops.mailed_before (bigint) from public;
grant execute on function ops.mailed_before (bigint) to guanxi_scorer;
