create table learnings (
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
create index learnings_list on learnings (parent, sort_key, name);
create index learnings_latest on learnings (sort_key, name);
create index learnings_team on learnings (team, sort_key, name);

-- Ids grow with the time of publishing. body is what snippets are cut from, words what is searched.
create table learnings_text (
  id    bigint generated always as identity primary key,
  name  text collate "C" not null unique,
  team  text not null,
  body  text not null,
  words tsvector not null
);
create index learnings_text_words on learnings_text using gin (words);
create index learnings_text_team on learnings_text (team, id);
