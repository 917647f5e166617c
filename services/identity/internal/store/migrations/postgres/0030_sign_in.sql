-- Names are compared by bytes, so that both engines list in the same order.

-- hash is the SHA-256 of a link's secret, hexadecimal. A link that is used is deleted.
create table sign_in_links (
  hash text primary key,
  name text collate "C" not null unique,
  user_name text collate "C" not null,
  return_to text not null,
  create_time bigint not null,
  expire_time bigint not null
);
create index sign_in_links_of_user on sign_in_links (user_name);
create index sign_in_links_end on sign_in_links (expire_time);

-- Sign-ins that have begun at the OpenID provider. Nonce and code verifier are derived from state and binding, of which only
-- the SHA-256 is here: nothing in a row completes a sign-in.
create table pending_sign_ins (
  state_hash text primary key,
  binding_hash text not null,
  redirect_uri text not null,
  return_to text not null,
  expire_time bigint not null
);
create index pending_sign_ins_end on pending_sign_ins (expire_time);

-- Accounts at the OpenID provider. Issuer and subject say whose; e-mail address, groups and grants are those of the last
-- sign-in, the latter two JSON arrays.
create table accounts (
  name text collate "C" primary key,
  user_name text collate "C" not null,
  issuer text not null,
  subject text not null,
  email text not null,
  groups_json text not null,
  grants_json text not null,
  sign_in_time bigint not null,
  create_time bigint not null,
  unique (issuer, subject)
);
create index accounts_of_user on accounts (user_name, name);

-- hash is the SHA-256 of a session's secret, hexadecimal. sealed_id_token is encrypted with a key from that secret: it is the
-- hint for the sign-out at the provider. A session that was ended is deleted.
create table sessions (
  name text collate "C" primary key,
  hash text not null unique,
  user_name text collate "C" not null,
  method text not null,
  account text collate "C" not null,
  address text not null,
  user_agent text not null,
  sealed_id_token bytea not null,
  create_time bigint not null,
  last_use_time bigint not null,
  idle_micros bigint not null,
  expire_time bigint not null,
  end_time bigint not null
);
create index sessions_of_user on sessions (user_name, create_time, name);
create index sessions_of_account on sessions (account);
create index sessions_end on sessions (expire_time);
