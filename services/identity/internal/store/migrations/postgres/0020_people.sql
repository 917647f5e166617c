-- When tokens were last used, to the minute. It is apart from the tokens, so that a use is no change of a token.
create table token_uses (
  token text collate "C" primary key references tokens (name),
  use_time bigint not null
);

-- For the secret that a token gives up when its provisioning file has another one.
create index token_hashes_token on token_hashes (token);

-- Which teams everybody may read.
create index teams_state on teams (state, name);
