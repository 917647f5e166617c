-- Frozen baselines of metrics. They are never changed or deleted.
create table baselines (
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
create index baselines_list on baselines (parent, sort_key, name);
