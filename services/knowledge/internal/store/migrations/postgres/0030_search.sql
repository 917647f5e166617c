-- The index is made anew from the learnings when the service starts: see Rebuild.
drop table learnings_text;

-- What a search must know of a learning beside its words. Ids grow with the time of publishing.
-- published and confirmed are in microseconds, review_by too, 0 for never; facets is the team and the tags.
create table learnings_indexed (
  id        bigint generated always as identity primary key,
  name      text collate "C" not null unique,
  published bigint not null,
  confirmed bigint not null,
  review_by bigint not null,
  grade     text not null,
  verdict   text not null,
  evidence  double precision not null,
  facets    text not null
);

-- Stems with their places, made by the service. Among them are made-up words that nobody can type, to choose by team and tag
-- inside of the index. tokens is the length of the learning.
create table learnings_text (
  id     bigint primary key,
  tokens bigint not null,
  words  tsvector not null
);
create index learnings_text_words on learnings_text using gin (words);

-- In how many learnings a stem is.
create table stems (
  stem      text collate "C" primary key,
  documents bigint not null
);

-- Every word that was ever indexed, with its stem. reversed finds words by their ends; it is for words of letters only.
create table vocabulary (
  word     text collate "C" primary key,
  stem     text collate "C" not null,
  reversed text collate "C"
);
create index vocabulary_reversed on vocabulary (reversed) where reversed is not null;

-- The one row of the index as a whole: the version of what made it, how far making it anew has come, and what it holds.
create table search_index (
  id        bigint primary key check (id = 1),
  version   bigint not null,
  rebuilt   text collate "C",
  documents bigint not null,
  tokens    bigint not null
);
insert into search_index (id, version, documents, tokens) values (1, 0, 0, 0);
