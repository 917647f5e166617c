-- The tags of the learnings in every state: the learning says them, but not where a list can find them.
create table learning_tags (
  tag      text collate "C" not null,
  learning text collate "C" not null,
  primary key (tag, learning)
);
create index learning_tags_learning on learning_tags (learning);
insert into learning_tags (tag, learning)
select distinct t.value, l.name
from learnings l cross join lateral jsonb_array_elements_text(coalesce(l.doc::jsonb -> 'tags', '[]'::jsonb)) as t (value);

create index learnings_changed on learnings (update_time, name);
