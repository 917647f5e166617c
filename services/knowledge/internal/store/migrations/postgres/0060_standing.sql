-- The event that last told how an experiment stands: what is told late is told in vain. at is in microseconds.
create table experiments_told (
  experiment text primary key,
  at         bigint not null,
  version    bigint not null
);
