-- The audit log. record_time is when this service took the event, by which it is deleted one day; occur_time is what another
-- service said. action is the contract's name without its prefix, event the whole as JSON.
create table audit_events (
  audit_event_id text collate "C" primary key,
  occur_time     bigint not null,
  record_time    bigint not null,
  action         text collate "C" not null,
  actor          text collate "C" not null,
  resource       text collate "C" not null,
  address        text collate "C" not null,
  event          text not null
);
create index audit_events_time on audit_events (occur_time, audit_event_id);
create index audit_events_action on audit_events (action, occur_time, audit_event_id);
create index audit_events_actor on audit_events (actor, occur_time, audit_event_id);
create index audit_events_resource on audit_events (resource, occur_time, audit_event_id);
create index audit_events_address on audit_events (address, occur_time, audit_event_id);
create index audit_events_record_time on audit_events (record_time, audit_event_id);

-- Up to where the audit log was deleted, each time. Nothing younger than the greatest floor can be deleted, a floor is never
-- less than 30 days before the newest event, and what was once noted here stays.
create table audit_floors (
  floor     bigint primary key,
  retention bigint not null check (retention >= 2592000000000),
  set_time  bigint not null
);

create function audit_append_only() returns trigger language plpgsql as $$
begin
  raise exception 'the audit log is append-only';
end $$;
create function audit_delete_old() returns trigger language plpgsql as $$
begin
  if old.record_time >= coalesce((select max(floor) from audit_floors), -9223372036854775808) then
    raise exception 'the audit log is append-only until its retention is over';
  end if;
  return old;
end $$;
create function audit_floor_far() returns trigger language plpgsql as $$
begin
  if exists (select 1 from audit_floors where floor >= new.floor)
    or new.floor > coalesce((select max(record_time) from audit_events) - new.retention, -9223372036854775808) then
    raise exception 'the retention of the audit log would be cut short';
  end if;
  return new;
end $$;
create trigger audit_events_no_update before update on audit_events for each row execute function audit_append_only();
create trigger audit_events_no_delete before delete on audit_events for each row execute function audit_delete_old();
create trigger audit_events_no_truncate before truncate on audit_events for each statement execute function audit_append_only();
create trigger audit_floors_far before insert on audit_floors for each row execute function audit_floor_far();
create trigger audit_floors_no_change before update or delete on audit_floors for each row execute function audit_append_only();
create trigger audit_floors_no_truncate before truncate on audit_floors for each statement execute function audit_append_only();

-- The settings that the program was last started with. value is empty for a secret.
create table audit_settings (
  name   text collate "C" primary key,
  source text not null,
  value  text not null
);
