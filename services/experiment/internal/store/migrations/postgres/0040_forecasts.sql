-- Locked predictions: what calibration counts. state is OPEN, ABANDONED or the verdict; end_date is the day in UTC on which the
-- experiment ended, YYYY-MM-DD, empty while it is open.
create table forecasts (
  experiment text collate "C" primary key,
  team       text collate "C" not null,
  confidence bigint not null,
  state      text collate "C" not null,
  end_date   text collate "C" not null
);
create index forecasts_count on forecasts (end_date, state, confidence, team);
create index forecasts_team on forecasts (team, end_date, state, confidence);

-- Hold checks. result is empty while they are pending.
create table hold_checks (
  experiment text collate "C" not null,
  weeks      bigint not null,
  team       text collate "C" not null,
  due_date   text collate "C" not null,
  result     text collate "C" not null,
  primary key (experiment, weeks)
);
create index hold_checks_team on hold_checks (team, experiment, weeks, due_date, result);

insert into forecasts (experiment, team, confidence, state, end_date)
select name, team, coalesce(cast(cast(doc as json) #>> '{prediction,confidencePercent}' as bigint), 0),
  case state when 'CONCLUDED' then cast(doc as json) #>> '{outcome,verdict}' when 'ABANDONED' then 'ABANDONED' else 'OPEN' end,
  case state when 'CONCLUDED' then substr(cast(doc as json) #>> '{outcome,concludeTime}', 1, 10)
    when 'ABANDONED' then to_char(to_timestamp(update_time / 1000000) at time zone 'UTC', 'YYYY-MM-DD') else '' end
from experiments where cast(doc as json) ->> 'lockTime' is not null;

insert into hold_checks (experiment, weeks, team, due_date, result)
select e.name, cast(h ->> 'weeks' as bigint), e.team, h ->> 'dueDate', coalesce(h #>> '{judgement,result}', '')
from experiments e cross join lateral json_array_elements(cast(e.doc as json) -> 'holdChecks') h;
