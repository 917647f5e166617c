create table value_streams (
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
create index value_streams_list on value_streams (parent, sort_key, name);

create table value_stream_versions (
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
create index value_stream_versions_list on value_stream_versions (parent, sort_key, name);

create table painful_activities (
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
create index painful_activities_list on painful_activities (parent, sort_key, name);

create table pain_scores (
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
create index pain_scores_list on pain_scores (parent, sort_key, name);
