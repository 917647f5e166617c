-- Locked predictions: what calibration counts. state is OPEN, ABANDONED or the verdict; end_date is the day in UTC on which the
-- experiment ended, YYYY-MM-DD, empty while it is open.
create table forecasts (
  experiment text primary key,
  team       text not null,
  confidence integer not null,
  state      text not null,
  end_date   text not null
) strict;
create index forecasts_count on forecasts (end_date, state, confidence, team);
create index forecasts_team on forecasts (team, end_date, state, confidence);

-- Hold checks. result is empty while they are pending.
create table hold_checks (
  experiment text not null,
  weeks      integer not null,
  team       text not null,
  due_date   text not null,
  result     text not null,
  primary key (experiment, weeks)
) strict, without rowid;
create index hold_checks_team on hold_checks (team, experiment, weeks, due_date, result);

insert into forecasts (experiment, team, confidence, state, end_date)
select name, team, coalesce(json_extract(doc, '$.prediction.confidencePercent'), 0),
  case state when 'CONCLUDED' then json_extract(doc, '$.outcome.verdict') when 'ABANDONED' then 'ABANDONED' else 'OPEN' end,
  case state when 'CONCLUDED' then substr(json_extract(doc, '$.outcome.concludeTime'), 1, 10)
    when 'ABANDONED' then date(update_time / 1000000, 'unixepoch') else '' end
from experiments where json_extract(doc, '$.lockTime') is not null;

insert into hold_checks (experiment, weeks, team, due_date, result)
select e.name, json_extract(h.value, '$.weeks'), e.team, json_extract(h.value, '$.dueDate'), coalesce(json_extract(h.value, '$.judgement.result'), '')
from experiments e, json_each(e.doc, '$.holdChecks') h;
