-- The values that a measurement had before it was corrected, oldest first. They are kept for ever.
create table measurement_corrections (
  metric       text collate "C" not null,
  time         bigint not null,
  source_key   text collate "C" not null,
  number       bigint not null,
  value_before double precision not null,
  reason       text not null,
  correct_time bigint not null,
  primary key (metric, time, source_key, number)
);

-- The lines of an import of which all or nothing is wanted, until all of them have been read.
create table staged_measurements (
  import_id  text not null,
  time       bigint not null,
  source_key text collate "C" not null,
  value      double precision not null,
  line       bigint not null,
  stage_time bigint not null,
  primary key (import_id, time, source_key)
);
