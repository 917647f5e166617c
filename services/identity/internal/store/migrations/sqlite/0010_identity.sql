create table users (
  name text primary key, parent text not null, team text not null, state text not null, sort_key text not null,
  version bigint not null, doc text not null, create_time bigint not null, update_time bigint not null
);
create index users_list on users (parent, sort_key, name);
create index users_state on users (state);

create table teams (
  name text primary key, parent text not null, team text not null, state text not null, sort_key text not null,
  version bigint not null, doc text not null, create_time bigint not null, update_time bigint not null
);
create index teams_list on teams (parent, sort_key, name);

-- sort_key is the user, so that one index answers both "who is in the team" and "which teams is the user in".
create table members (
  name text primary key, parent text not null, team text not null, state text not null, sort_key text not null,
  version bigint not null, doc text not null, create_time bigint not null, update_time bigint not null
);
create index members_list on members (parent, sort_key, name);
create index members_of_user on members (sort_key, state, parent);

create table tokens (
  name text primary key, parent text not null, team text not null, state text not null, sort_key text not null,
  version bigint not null, doc text not null, create_time bigint not null, update_time bigint not null
);
create index tokens_list on tokens (parent, sort_key, name);

-- hash is the SHA-256 of a token's secret, hexadecimal. The secret itself is nowhere.
create table token_hashes (
  hash text primary key,
  token text not null references tokens (name)
);

-- Public halves only. The private half lives in the memory of the process that made it, and dies with it.
create table signing_keys (
  key_id text primary key,
  public_key text not null,
  create_time bigint not null,
  expire_time bigint not null
);

-- The SHA-256 of the last bootstrap token, until it is used. It is worth nothing once there is a user.
create table bootstrap (
  id integer primary key check (id = 1),
  hash text not null
);
