-- The index is made anew from the learnings when the service starts: see Rebuild.
drop table learnings_text;
drop table learnings_indexed;

-- What a search must know of a learning beside its words. Ids grow with the time of publishing, and unlike row ids they survive a vacuum.
-- published and confirmed are in microseconds, review_by too, 0 for never; facets is the team and the tags.
create table learnings_indexed (
  id        integer primary key autoincrement,
  name      text not null unique,
  published bigint not null,
  confirmed bigint not null,
  review_by bigint not null,
  grade     text not null,
  verdict   text not null,
  evidence  double precision not null,
  facets    text not null
);

-- Stems, made by the service: the tokenizer only parts them at the spaces. keys holds made-up words that nobody can type, to choose by
-- team and tag inside of the index.
create virtual table learnings_text using fts5 (
  claim, labels, situation, story, keys,
  content = '', contentless_delete = 1, tokenize = 'ascii'
);

-- In how many learnings a stem is. documents is never null, but SQLite must not check that: for an update of many rows that may fail it
-- keeps a copy of every page.
create table stems (
  stem      text primary key,
  documents bigint
) without rowid;

-- Every word that was ever indexed, with its stem. reversed finds words by their ends; it is for words of letters only.
create table vocabulary (
  word     text primary key,
  stem     text not null,
  reversed text
) without rowid;
create index vocabulary_reversed on vocabulary (reversed) where reversed is not null;

-- The one row of the index as a whole: the version of what made it, how far making it anew has come, and what it holds.
create table search_index (
  id        integer primary key check (id = 1),
  version   bigint not null,
  rebuilt   text,
  documents bigint not null,
  tokens    bigint not null
);
insert into search_index (id, version, documents, tokens) values (1, 0, 0, 0);
