create table log_meta (
  id         integer primary key check (id = 1),
  epoch      text not null,
  page_key   text not null,
  created_at bigint not null
);

-- seq and chain stay null until the committed row is numbered: the order of a sequence is not the order of commits.
create table event_log (
  row_id            bigserial primary key,
  seq               bigint,
  chain             text,
  event_id          text not null,
  event_type        text not null,
  team              text not null,
  subject           text not null,
  aggregate_type    text not null,
  aggregate_id      text not null,
  aggregate_version bigint not null,
  occurred_at       bigint not null,
  actor             text not null,
  traceparent       text not null,
  salt              text not null,
  payload_hash      text not null,
  payload           text not null,
  redacted_at       bigint,
  unique (aggregate_type, aggregate_id, aggregate_version)
);
create unique index event_log_seq on event_log (seq) where seq is not null;
create index event_log_unnumbered on event_log (row_id) where seq is null;

create table idem (
  row_id       bigserial primary key,
  key          bytea not null unique,
  request_hash bytea not null,
  answer       bytea not null,
  created_at   bigint not null,
  expires_at   bigint not null
);

create table inbox_cursor (
  source     text primary key,
  epoch      text not null,
  seq        bigint not null,
  chain      text not null,
  updated_at bigint not null
);

create table quarantine (
  source      text not null,
  epoch       text not null,
  seq         bigint not null,
  event_id    text not null,
  reason      text not null,
  attempts    bigint not null,
  first_at    bigint not null,
  replayed_at bigint,
  cloud_event text not null,
  primary key (source, epoch, seq)
);
create index quarantine_list on quarantine (first_at, source, seq);
