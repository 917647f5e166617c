create table retrospectives (
  name        text collate "C" primary key,
  parent      text not null,
  team        text not null,
  state       text not null,
  sort_key    text collate "C" not null,
  version     bigint not null,
  doc         text not null,
  create_time bigint not null,
  update_time bigint not null
);
create index retrospectives_list on retrospectives (parent, sort_key, name);

create table notes (
  name        text collate "C" primary key,
  parent      text not null,
  team        text not null,
  state       text not null,
  sort_key    text collate "C" not null,
  version     bigint not null,
  doc         text not null,
  create_time bigint not null,
  update_time bigint not null
);
create index notes_list on notes (parent, sort_key, name);

create table actions (
  name        text collate "C" primary key,
  parent      text not null,
  team        text not null,
  state       text not null,
  sort_key    text collate "C" not null,
  version     bigint not null,
  doc         text not null,
  create_time bigint not null,
  update_time bigint not null
);
create index actions_list on actions (parent, sort_key, name);
