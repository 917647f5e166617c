create index actions_of_team on actions (team, sort_key, name);
