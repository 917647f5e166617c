create index event_log_team on event_log (team, seq);
