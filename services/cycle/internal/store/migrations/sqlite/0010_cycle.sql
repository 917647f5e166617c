create table challenges (
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
create index challenges_list on challenges (parent, sort_key, name);

create table target_conditions (
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
create index target_conditions_list on target_conditions (parent, sort_key, name);

create table obstacles (
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
create index obstacles_list on obstacles (parent, sort_key, name);

create table cycles (
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
create index cycles_list on cycles (parent, sort_key, name);

create table andons (
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
create index andons_list on andons (parent, sort_key, name);
