create table delivery_sources (
  name        text primary key,
  parent      text not null,
  team        text not null,
  state       text not null,
  sort_key    text not null,
  version     integer not null,
  doc         text not null,
  create_time integer not null,
  update_time integer not null
) strict;
create index delivery_sources_list on delivery_sources (parent, sort_key, name);

-- What sources have sent and what came of it. number is the order of arrival at the source, from 1.
create table deliveries (
  source       text not null,
  delivery_id  text not null,
  number       integer not null,
  type         text not null,
  receive_time integer not null,
  outcome      text not null,
  reason       text not null,
  description  text not null,
  primary key (source, delivery_id)
) strict, without rowid;
create unique index deliveries_arrival on deliveries (source, number);

-- What was told of the deployments and incidents of a service, one row for each event. Deployments and incidents are what the rows of one
-- key come to. time and commit_time are unix microseconds; a commit_time of 0 is none. about lists deployments, one a line.
create table delivery_facts (
  team        text not null,
  service     text not null,
  kind        text not null,
  fact_key    text not null,
  source      text not null,
  delivery_id text not null,
  time        integer not null,
  environment text not null,
  commit_hash text not null,
  commit_time integer not null,
  unplanned   integer not null,
  about       text not null,
  about_by    text not null,
  chain       text not null,
  primary key (team, service, kind, fact_key, source, delivery_id)
) strict, without rowid;

-- Whether a commit was deployed is looked up for every commit that is pushed.
create index delivery_facts_commit on delivery_facts (team, service, commit_hash);

-- When commits were made, as far as anybody told.
create table delivery_commits (
  team        text not null,
  service     text not null,
  commit_hash text not null,
  commit_time integer not null,
  primary key (team, service, commit_hash)
) strict, without rowid;
