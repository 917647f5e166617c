-- Audit events on their way to identity. refused is why identity does not take one; such a row stays, for the operator.
create table audit_outbox (
  row_id         integer primary key autoincrement,
  audit_event_id text not null unique,
  audit_event    text not null,
  refused        text not null default ''
) strict;
create index audit_outbox_waiting on audit_outbox (row_id) where refused = '';

-- The epoch of the event log at the last start. A restore gives the log another one, and leaves this one as it was.
create table audit_epoch (
  id    integer primary key check (id = 1),
  epoch text not null
) strict;
