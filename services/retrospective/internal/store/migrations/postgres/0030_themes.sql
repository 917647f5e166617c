-- Whether a note is there; until now its prompt, which the sort key has as well.
update notes set state = 'WRITTEN';

create table themes (
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
create index themes_list on themes (parent, sort_key, name);

-- One row per retrospective, sealed, without a time and without a version: nothing outside of the document tells who voted for what.
create table ballots (
  retrospective text primary key,
  doc           text not null
);
