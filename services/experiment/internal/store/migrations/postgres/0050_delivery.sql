create table delivery_sources (
  name        text collate "C" primary key,
  parent      text collate "C" not null,
  team        text collate "C" not null,
  state       text collate "C" not null,
  sort_key    text collate "C" not null,
  version     bigint not null,
  doc         text not null,
  create_time bigint not null,
  update_time bigint not null
);
create index delivery_sources_list on delivery_sources (parent, sort_key, name);

-- What sources have sent and what came of it. number is the order of arrival at the source, from 1.
create table deliveries (
  source       text collate "C" not null,
  delivery_id  text collate "C" not null,
  number       bigint not null,
  type         text not null,
  receive_time bigint not null,
  outcome      text not null,
  reason       text not null,
  description  text not null,
  primary key (source, delivery_id)
);
create unique index deliveries_arrival on deliveries (source, number);

-- What was told of the deployments and incidents of a service, one row for each event. Deployments and incidents are what the rows of one
-- key come to. time and commit_time are unix microseconds; a commit_time of 0 is none. about lists deployments, one a line.
create table delivery_facts (
  team        text collate "C" not null,
  service     text collate "C" not null,
  kind        text collate "C" not null,
  fact_key    text collate "C" not null,
  source      text collate "C" not null,
  delivery_id text collate "C" not null,
  time        bigint not null,
  environment text not null,
  commit_hash text collate "C" not null,
  commit_time bigint not null,
  unplanned   bigint not null,
  about       text not null,
  about_by    text not null,
  chain       text not null,
  primary key (team, service, kind, fact_key, source, delivery_id)
);

-- Whether a commit was deployed is looked up for every commit that is pushed.
create index delivery_facts_commit on delivery_facts (team, service, commit_hash);

-- When commits were made, as far as anybody told.
create table delivery_commits (
  team        text collate "C" not null,
  service     text collate "C" not null,
  commit_hash text collate "C" not null,
  commit_time bigint not null,
  primary key (team, service, commit_hash)
);
