-- Which columns of schema raw tell of a person at a customer; the contracts of the entities fill it. subject: whose row
-- it is; reference: another person it names; identity: who that is; words: what may name people.
create table if not exists ops.person_columns (
    entity text not null,
    column_name text not null,
    part text not null check (part in ('subject', 'reference', 'identity', 'words')),
    primary key (entity, column_name)
);
