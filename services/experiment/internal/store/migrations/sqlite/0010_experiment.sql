create table metrics (
  name        text primary key,
  parent      text not null,
  team        text not null,
  state       text not null,
  sort_key    text not null,
  version     integer not null,
  doc         text    not null,
  create_time integer not null,
  update_time integer not null
) strict;
create index metrics_list on metrics (parent, sort_key, name);

create table experiments (
  name        text primary key,
  parent      text not null,
  team        text not null,
  state       text not null,
  sort_key    text not null,
  version     integer not null,
  doc         text    not null,
  create_time integer not null,
  update_time integer not null
) strict;
create index experiments_list on experiments (parent, sort_key, name);

-- One running experiment per team is looked up at every start.
create index experiments_team on experiments (team, state);

-- Readings are never changed or deleted. time and record_time are unix microseconds; ordinal is the place in the order of
-- arrival at the metric, from 1, without gaps. Source keys sort by their bytes, as the charts do.
create table measurements (
  metric      text not null references metrics (name),
  time        integer not null,
  source_key  text not null,
  value       real not null,
  record_time integer not null,
  ordinal     integer not null,
  primary key (metric, time, source_key)
) strict, without rowid;
create unique index measurements_arrival on measurements (metric, ordinal);
