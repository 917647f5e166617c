-- What happened in the experiment of a learning, as it was when the learning was published: chart is a LearningChart of the contract.
create table charts (
  learning text primary key,
  chart    blob not null
);
