create table reminders (
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
create index reminders_list on reminders (parent, sort_key, name);
create table team_zones (
  team      text primary key,
  time_zone text not null
);
-- The latest version applied of each resource that reminders follow.
create table followed (
  subject text primary key,
  version bigint not null
);
-- Reminders whose matter was done before their due point was known.
create table settled (
  name text primary key
);
