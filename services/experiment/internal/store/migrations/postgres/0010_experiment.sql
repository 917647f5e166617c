create table metrics (
  name        text collate "C" primary key,
  parent      text collate "C" not null,
  team        text collate "C" not null,
  state       text collate "C" not null,
  sort_key    text collate "C" not null,
  version     bigint  not null,
  doc         text    not null,
  create_time bigint  not null,
  update_time bigint  not null
);
create index metrics_list on metrics (parent, sort_key, name);

create table experiments (
  name        text collate "C" primary key,
  parent      text collate "C" not null,
  team        text collate "C" not null,
  state       text collate "C" not null,
  sort_key    text collate "C" not null,
  version     bigint  not null,
  doc         text    not null,
  create_time bigint  not null,
  update_time bigint  not null
);
create index experiments_list on experiments (parent, sort_key, name);

-- One running experiment per team is looked up at every start.
create index experiments_team on experiments (team, state);

-- Readings are never changed or deleted. time and record_time are unix microseconds; ordinal is the place in the order of
-- arrival at the metric, from 1, without gaps. Source keys sort by their bytes, as the charts do.
create table measurements (
  metric      text collate "C" not null references metrics (name),
  time        bigint  not null,
  source_key  text collate "C" not null,
  value       double precision not null,
  record_time bigint  not null,
  ordinal     bigint  not null,
  primary key (metric, time, source_key)
);
create unique index measurements_arrival on measurements (metric, ordinal);
