create table coaching_sessions (
  name        text primary key,
  parent      text not null,
  team        text not null,
  state       text not null,
  sort_key    text not null,
  version     bigint not null,
  doc         text not null,
  create_time bigint not null,
  update_time bigint not null
);
create index coaching_sessions_list on coaching_sessions (parent, sort_key, name);

create table coaching_cadences (
  name        text primary key,
  parent      text not null,
  team        text not null,
  state       text not null,
  sort_key    text not null,
  version     bigint not null,
  doc         text not null,
  create_time bigint not null,
  update_time bigint not null
);
create index coaching_cadences_list on coaching_cadences (parent, sort_key, name);

create table capacity_entries (
  name        text primary key,
  parent      text not null,
  team        text not null,
  state       text not null,
  sort_key    text not null,
  version     bigint not null,
  doc         text not null,
  create_time bigint not null,
  update_time bigint not null
);
create index capacity_entries_list on capacity_entries (parent, sort_key, name);
