create table good_days (
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
create index good_days_list on good_days (parent, sort_key, name);

create table good_weeks (
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
create index good_weeks_list on good_weeks (parent, sort_key, name);

-- What is open lies in one row each, sealed: neither the order of rows nor a time tells whose tap is whose.
create table open_good_days (
  name       text collate "C" primary key,
  close_time bigint not null,
  doc        text not null
);
create index open_good_days_due on open_good_days (close_time);

create table open_good_weeks (
  name       text collate "C" primary key,
  close_time bigint not null,
  doc        text not null
);
create index open_good_weeks_due on open_good_weeks (close_time);
