create table learnings (
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
create index learnings_list on learnings (parent, sort_key, name);
create index learnings_latest on learnings (sort_key, name);
create index learnings_team on learnings (team, sort_key, name);

-- Ids of the text index. They grow with the time of publishing, and unlike row ids they survive a vacuum.
create table learnings_indexed (
  id   integer primary key autoincrement,
  name text not null unique
);

-- team holds one made-up word that nobody can type, to choose by team inside of the index.
create virtual table learnings_text using fts5 (
  claim, situation, tried, happened, tags, team,
  tokenize = 'porter unicode61 remove_diacritics 2', prefix = '2 3'
);
