-- The projection that reports are read from. Every row carries the version of what it shows, so that an event that is applied
-- again, or late, changes nothing.
create table report_teams (
  team         text primary key,
  display_name text not null,
  version      bigint not null
);
create table report_cycles (
  name        text collate "C" primary key,
  team        text not null,
  finish_time bigint not null,
  version     bigint not null
);
create index report_cycles_period on report_cycles (finish_time, team);
create table report_experiments (
  name          text collate "C" primary key,
  team          text not null,
  display_name  text not null,
  lock_time     bigint not null,
  conclude_time bigint not null,
  verdict       text not null,
  expected      text not null,
  happened      text not null,
  learned       text not null,
  version       bigint not null
);
create index report_experiments_lock on report_experiments (lock_time, team);
create index report_experiments_conclude on report_experiments (conclude_time, team);
create table report_learnings (
  name         text collate "C" primary key,
  team         text not null,
  publish_time bigint not null,
  version      bigint not null
);
create index report_learnings_period on report_learnings (publish_time, team);
create table report_obstacles (
  name          text collate "C" primary key,
  team          text not null,
  description   text not null,
  escalate_time bigint not null,
  version       bigint not null
);
create index report_obstacles_period on report_obstacles (escalate_time, team);
create table report_sources (
  source    text primary key,
  data_time bigint not null
);
