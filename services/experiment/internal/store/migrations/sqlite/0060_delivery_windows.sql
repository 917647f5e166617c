-- A reading that no event speaks for any more is withdrawn: 0 while it stands, otherwise when. It keeps its place in the order of arrival.
alter table measurements add column withdraw_time integer not null default 0;

-- What a delivery said, by which another one under the same id is known; empty for those of before.
alter table deliveries add column digest text not null default '';

-- scope is who made the id, where a source passes on what several say. place is the environment, in one case.
alter table delivery_facts add column scope text not null default '';
alter table delivery_facts add column place text not null default '';
update delivery_facts set place = lower(environment);
update delivery_facts set unplanned = 0 where kind not in ('DEPLOYED', 'ROLLED_BACK');

-- By these the part of a history is found that a new fact can change. Those of expressions cannot be passed over for the primary key.
create index delivery_facts_time on delivery_facts (team, service, kind, time);
create index delivery_facts_place on delivery_facts (team, service, place, kind, time);
create index delivery_facts_key on delivery_facts ((team || '/' || service || '/' || fact_key));
create index delivery_facts_commits on delivery_facts ((team || '/' || service || '/' || commit_hash));
create index delivery_facts_chain on delivery_facts ((team || '/' || service || '/' || chain));
create index delivery_facts_places on delivery_facts ((team || '/' || service || '/' || place), kind);
create index delivery_facts_unplanned on delivery_facts ((team || '/' || service)) where unplanned = 1;
drop index delivery_facts_commit;

-- The deployments, by id or commit, that events say they are about.
create table delivery_references (
  team     text not null,
  service  text not null,
  target   text not null,
  fact_key text not null,
  primary key (team, service, target, fact_key)
) strict, without rowid;

-- Up to when the weeks of a service have their readings. A service without a row is computed from its whole history once.
create table delivery_progress (
  team      text not null,
  service   text not null,
  week_time integer not null,
  primary key (team, service)
) strict, without rowid;
create index delivery_progress_week on delivery_progress (week_time);
