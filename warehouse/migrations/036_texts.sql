-- What texts of customers are about. A text is known by its digest alone, so that no words of a person are kept here,
-- and a text that is written twice is read once. What is read depends on the text and the policy, not on the day.
create table if not exists ops.read_texts (
    text_digest text primary key,
    reader_version text not null
);
create table if not exists ops.text_themes (
    text_digest text not null,
    theme_code text not null,
    score numeric(5, 4) not null check (score between 0 and 1),
    phrase text not null,
    primary key (text_digest, theme_code)
);
-- Names of products and categories that were looked for in every text read, and where they were found.
create table if not exists ops.read_names (
    name text primary key
);
create table if not exists ops.text_names (
    text_digest text not null,
    name text not null,
    primary key (text_digest, name)
);
grant select, insert, delete on ops.read_texts, ops.text_themes to guanxi_matcher;
grant select, insert on ops.read_names, ops.text_names to guanxi_matcher;
grant select on ops.text_themes, ops.text_names to guanxi_transformer, guanxi_checker;
