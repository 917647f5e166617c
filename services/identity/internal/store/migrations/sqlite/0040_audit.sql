-- The audit log. record_time is when this service took the event, by which it is deleted one day; occur_time is what another
-- service said. action is the contract's name without its prefix, event the whole as JSON.
create table audit_events (
  audit_event_id text primary key,
  occur_time     integer not null,
  record_time    integer not null,
  action         text not null,
  actor          text not null,
  resource       text not null,
  address        text not null,
  event          text not null
) strict, without rowid;
create index audit_events_time on audit_events (occur_time, audit_event_id);
create index audit_events_action on audit_events (action, occur_time, audit_event_id);
create index audit_events_actor on audit_events (actor, occur_time, audit_event_id);
create index audit_events_resource on audit_events (resource, occur_time, audit_event_id);
create index audit_events_address on audit_events (address, occur_time, audit_event_id);
create index audit_events_record_time on audit_events (record_time, audit_event_id);

-- Up to where the audit log was deleted, each time. Nothing younger than the greatest floor can be deleted, a floor is never
-- less than 30 days before the newest event, and what was once noted here stays.
create table audit_floors (
  floor     integer primary key,
  retention integer not null check (retention >= 2592000000000),
  set_time  integer not null
) strict, without rowid;

create trigger audit_events_once before insert on audit_events
when exists (select 1 from audit_events where audit_event_id = new.audit_event_id)
begin
  select raise(ignore);
end;
create trigger audit_events_no_update before update on audit_events
begin
  select raise(abort, 'the audit log is append-only');
end;
create trigger audit_events_no_delete before delete on audit_events
when old.record_time >= coalesce((select max(floor) from audit_floors), -9223372036854775808)
begin
  select raise(abort, 'the audit log is append-only until its retention is over');
end;
create trigger audit_floors_far before insert on audit_floors
when exists (select 1 from audit_floors where floor >= new.floor)
  or new.floor > coalesce((select max(record_time) from audit_events), -9223372036854775808) - new.retention
begin
  select raise(abort, 'the retention of the audit log would be cut short');
end;
create trigger audit_floors_no_update before update on audit_floors
begin
  select raise(abort, 'what was noted about the retention of the audit log stays');
end;
create trigger audit_floors_no_delete before delete on audit_floors
begin
  select raise(abort, 'what was noted about the retention of the audit log stays');
end;

-- The settings that the program was last started with. value is empty for a secret.
create table audit_settings (
  name   text primary key,
  source text not null,
  value  text not null
) strict;
