-- The tags of the learnings in every state: the learning says them, but not where a list can find them.
create table learning_tags (
  tag      text not null,
  learning text not null,
  primary key (tag, learning)
) without rowid;
create index learning_tags_learning on learning_tags (learning);
insert into learning_tags (tag, learning) select distinct t.value, l.name from learnings l, json_each(l.doc, '$.tags') t;

create index learnings_changed on learnings (update_time, name);
