-- A list may be made by how soon contracts end or renew, too.
alter table ops.models drop constraint if exists models_rule_check;
alter table ops.models add constraint models_rule_check
check (rule in ('recency', 'frequency', 'overdue', 'buying', 'renewal'));
