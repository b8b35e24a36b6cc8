-- Which account each source's record of a customer belongs to, as it was decided: one row a record and business day
-- on which the decision changed. It holds until the record's next row. Only companies with a source whose account ids
-- are its own have rows. Nothing is ever taken away but by the same day's night, which decides it anew.
create table if not exists ops.account_keys (
    source text not null,
    source_account_id text not null,
    decided_date date not null,
    gen bigint not null,
    account_id text not null,
    since_date date not null,
    match_rule text not null,
    match_band text not null check (match_band in ('manual', 'automatic', 'review', 'single')),
    match_score numeric(5, 4) check (match_score between 0 and 1),
    reason_en text not null,
    reason_zh text not null,
    candidate_account_id text,
    candidate_score numeric(5, 4) check (candidate_score between 0 and 1),
    candidate_reason_en text,
    candidate_reason_zh text,
    primary key (source, source_account_id, decided_date),
    constraint a_review_has_a_candidate check ((match_band = 'review') = (candidate_account_id is not null))
);
grant select, insert, delete on ops.account_keys to guanxi_matcher;
grant select on ops.account_keys to guanxi_transformer, guanxi_checker;
