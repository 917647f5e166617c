-- What obstacles are recognised by: the recurrence id, and the text in plain words. plain is null until the words are indexed.
create table obstacle_texts (
  name       text primary key,
  team       text not null,
  recurrence text not null,
  plain      text
);
create index obstacle_texts_recurrence on obstacle_texts (recurrence, team);
create index obstacle_texts_old on obstacle_texts (name) where plain is null;

create table obstacle_words (
  word text not null,
  name text not null,
  primary key (word, name)
) without rowid;

-- Obstacles from before this have no recurrence id and no rank. They get them in the order in which they were listed.
insert into obstacle_texts (name, team, recurrence, plain) select name, team, lower(hex(randomblob(16))), null from obstacles;

update obstacles set doc = '{"recurrence":"' || old.recurrence || '",' || substr(obstacles.doc, 2)
  from obstacle_texts as old where old.name = obstacles.name;

update obstacles set doc = '{"rank":"' || lot.place || '",' || substr(obstacles.doc, 2), sort_key = '1' || lot.place
  from (select name, 'i000' || substr(cast(1000000 + row_number() over (partition by parent order by name) as text), 2) || 'i' as place
    from obstacles where state = 'PARKED') as lot
  where lot.name = obstacles.name;

update obstacles set sort_key = case state when 'CURRENT' then '0' when 'ESCALATED' then '2' else '3' end where state <> 'PARKED';
