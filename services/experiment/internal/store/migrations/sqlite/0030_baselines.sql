-- Frozen baselines of metrics. They are never changed or deleted.
create table baselines (
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
create index baselines_list on baselines (parent, sort_key, name);
