-- What was so for a team, from one time to another, in microseconds; until is null while it still is. A change of the text ends one row
-- and begins another. words is a text as its different stems, so that what is called alike is found alike; stems is how many they are.
-- version and told are those of the last event that was taken in.
create table circumstances (
  id         bigint generated always as identity primary key,
  kind       text not null,
  name       text not null,
  team       text not null,
  text       text not null,
  is_current bigint not null,
  words      text not null,
  stems      bigint not null,
  version    bigint not null,
  told       bigint not null,
  since      bigint not null,
  until      bigint
);
create index circumstances_name on circumstances (kind, name, id);
create index circumstances_words on circumstances (kind, words);
create index circumstances_ended on circumstances (until) where until is not null;

-- The stems of obstacles.
create table circumstance_words (
  stem         text not null,
  circumstance bigint not null,
  primary key (stem, circumstance)
);

-- The learnings that teams were looked for, by when they were published, in microseconds.
create table offered_learnings (
  learning text primary key,
  at       bigint not null
);
create index offered_learnings_at on offered_learnings (at);
