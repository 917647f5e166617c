create table retrospective_settings (
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

-- The clock looks for stages whose time is up, the opening for the team's retrospective before.
create index retrospectives_due on retrospectives (sort_key);
create index retrospectives_team on retrospectives (team, create_time);
