create table evidence (
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
create index evidence_list on evidence (parent, sort_key, name);

create table offers (
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
create index offers_list on offers (parent, sort_key, name);
create index offers_state on offers (parent, state);

-- The offers of a learning: the name of an offer says it, but not where an index can find it.
create table offers_of_learning (
  learning text not null,
  offer    text not null,
  primary key (learning, offer)
);

create table knowledge_settings (
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
create index knowledge_settings_list on knowledge_settings (parent, sort_key, name);

create table offer_rules (
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

-- What is to be done once a commit is over, or once its time has come: at is in microseconds.
create table due (
  task text not null,
  name text not null,
  at   bigint not null,
  primary key (task, name)
);
create index due_at on due (task, at);
