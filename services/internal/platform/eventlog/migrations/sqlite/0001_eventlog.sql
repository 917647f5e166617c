create table log_meta (
  id         integer primary key check (id = 1),
  epoch      text not null,
  page_key   text not null,
  created_at integer not null
) strict;

create table event_log (
  seq               integer primary key,
  chain             text not null,
  event_id          text not null,
  event_type        text not null,
  team              text not null,
  subject           text not null,
  aggregate_type    text not null,
  aggregate_id      text not null,
  aggregate_version integer not null,
  occurred_at       integer not null,
  actor             text not null,
  traceparent       text not null,
  salt              text not null,
  payload_hash      text not null,
  payload           text not null,
  redacted_at       integer,
  unique (aggregate_type, aggregate_id, aggregate_version)
) strict;

create table idem (
  row_id       integer primary key,
  key          blob not null unique,
  request_hash blob not null,
  answer       blob not null,
  created_at   integer not null,
  expires_at   integer not null
) strict;

create table inbox_cursor (
  source     text primary key,
  epoch      text not null,
  seq        integer not null,
  chain      text not null,
  updated_at integer not null
) strict;

create table quarantine (
  source      text not null,
  epoch       text not null,
  seq         integer not null,
  event_id    text not null,
  reason      text not null,
  attempts    integer not null,
  first_at    integer not null,
  replayed_at integer,
  cloud_event text not null,
  primary key (source, epoch, seq)
) strict;
create index quarantine_list on quarantine (first_at, source, seq);
