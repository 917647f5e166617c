-- The values that a measurement had before it was corrected, oldest first. They are kept for ever.
create table measurement_corrections (
  metric       text not null,
  time         integer not null,
  source_key   text not null,
  number       integer not null,
  value_before real not null,
  reason       text not null,
  correct_time integer not null,
  primary key (metric, time, source_key, number)
) strict, without rowid;

-- The lines of an import of which all or nothing is wanted, until all of them have been read.
create table staged_measurements (
  import_id  text not null,
  time       integer not null,
  source_key text not null,
  value      real not null,
  line       integer not null,
  stage_time integer not null,
  primary key (import_id, time, source_key)
) strict, without rowid;
