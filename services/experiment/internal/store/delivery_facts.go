package store

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/fortnighthq/fortnight/services/experiment/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
)

// LockDeliveries lets no other delivery about the service be counted until the transaction ends: what is computed rests on all of them.
func LockDeliveries(tx *eventlog.Tx, s *domain.DeliverySource) error { return serviceOf(s).lock(tx) }

// deliveryService is whose deliveries belong together.
type deliveryService struct {
	Team string `db:"team"`
	Name string `db:"service"`
}

func serviceOf(s *domain.DeliverySource) deliveryService { return deliveryService{s.Team(), s.Service} }

func (s deliveryService) lock(tx *eventlog.Tx) error {
	return tx.Lock("deliveries/" + s.Team + "/" + s.Name)
}

// AddFacts keeps what a delivery told.
func AddFacts(tx *eventlog.Tx, s *domain.DeliverySource, facts []domain.DeliveryFact) error {
	for _, f := range facts {
		var err error
		if f.Kind == domain.CommitMade {
			_, err = tx.Exec(`insert into delivery_commits (team, service, commit_hash, commit_time) values ($1, $2, $3, $4)
				on conflict (team, service, commit_hash) do update set commit_time = excluded.commit_time
				where excluded.commit_time < delivery_commits.commit_time`, s.Team(), s.Service, f.Key, db.Micros(f.Time))
		} else {
			err = addFact(tx, serviceOf(s), f)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func addFact(tx *eventlog.Tx, s deliveryService, f domain.DeliveryFact) error {
	var commitTime, unplanned int64
	if !f.CommitTime.IsZero() {
		commitTime = db.Micros(f.CommitTime)
	}
	if f.Unplanned && isDeployment(f) {
		unplanned = 1
	}
	_, err := tx.Exec(`insert into delivery_facts (team, service, kind, fact_key, source, scope, delivery_id, time, environment, place,
			commit_hash, commit_time, unplanned, about, about_by, chain)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
		on conflict (team, service, kind, fact_key, source, delivery_id) do nothing`,
		s.Team, s.Name, string(f.Kind), f.Key, f.Source, f.Scope, f.DeliveryID, db.Micros(f.Time), f.Environment, domain.FoldName(f.Environment),
		f.Commit, commitTime, unplanned, strings.Join(f.About, "\n"), f.AboutBy, f.Chain)
	if err != nil {
		return err
	}
	return addReferences(tx, s, f)
}

// addReferences keeps which deployments a fact names. Commits are written in lower case everywhere.
func addReferences(tx *eventlog.Tx, s deliveryService, f domain.DeliveryFact) error {
	for _, id := range f.About {
		for _, target := range slices.Compact([]string{id, strings.ToLower(id)}) {
			_, err := tx.Exec("insert into delivery_references (team, service, target, fact_key) values ($1, $2, $3, $4) on conflict do nothing",
				s.Team, s.Name, target, f.Key)
			if err != nil {
				return err
			}
		}
	}
	return nil
}

type deliveryFact struct {
	Kind        string `db:"kind"`
	Key         string `db:"fact_key"`
	Source      string `db:"source"`
	Scope       string `db:"scope"`
	DeliveryID  string `db:"delivery_id"`
	Time        int64  `db:"time"`
	Environment string `db:"environment"`
	Commit      string `db:"commit_hash"`
	CommitTime  int64  `db:"commit_time"`
	Unplanned   int64  `db:"unplanned"`
	About       string `db:"about"`
	AboutBy     string `db:"about_by"`
	Chain       string `db:"chain"`
}

const factColumns = "f.kind, f.fact_key, f.source, f.scope, f.delivery_id, f.time, f.environment, f.commit_hash, f.commit_time, f.unplanned, f.about, f.about_by, f.chain"

func (f deliveryFact) domain() domain.DeliveryFact {
	fact := domain.DeliveryFact{
		Kind: domain.FactKind(f.Kind), Key: f.Key, Source: f.Source, Scope: f.Scope, DeliveryID: f.DeliveryID, Time: db.Time(f.Time),
		Environment: f.Environment, Commit: f.Commit, Unplanned: f.Unplanned != 0, AboutBy: f.AboutBy, Chain: f.Chain,
	}
	if f.CommitTime != 0 {
		fact.CommitTime = db.Time(f.CommitTime)
	}
	if f.About != "" {
		fact.About = strings.Split(f.About, "\n")
	}
	return fact
}

// allFacts are all that was told of a service.
func allFacts(ctx context.Context, q db.Queryer, s deliveryService) ([]domain.DeliveryFact, error) {
	found, err := db.All[deliveryFact](ctx, q, "select "+factColumns+" from delivery_facts f where f.team = $1 and f.service = $2", s.Team, s.Name)
	facts := make([]domain.DeliveryFact, len(found))
	for i, f := range found {
		facts[i] = f.domain()
	}
	return facts, err
}

type commit struct {
	Hash string `db:"commit_hash"`
	Time int64  `db:"commit_time"`
}

func commitTimes(made []commit) map[string]time.Time {
	commits := make(map[string]time.Time, len(made))
	for _, c := range made {
		commits[c.Hash] = db.Time(c.Time)
	}
	return commits
}

// deployedCommits are the times of the commits that were deployed.
func deployedCommits(ctx context.Context, q db.Queryer, s deliveryService) (map[string]time.Time, error) {
	made, err := db.All[commit](ctx, q, `select c.commit_hash, c.commit_time from delivery_commits c
		where c.team = $1 and c.service = $2 and c.commit_hash in (select f.commit_hash from delivery_facts f where f.team = $1 and f.service = $2)`,
		s.Team, s.Name)
	return commitTimes(made), err
}

// DeliveryHistory returns what was told of a service. Of the commits it reads those that were deployed.
func DeliveryHistory(ctx context.Context, q db.Queryer, team, service string) (*domain.DeliveryHistory, error) {
	s := deliveryService{team, service}
	facts, err := allFacts(ctx, q, s)
	if err != nil {
		return nil, err
	}
	commits, err := deployedCommits(ctx, q, s)
	if err != nil {
		return nil, err
	}
	return domain.NewDeliveryHistory(facts, commits), nil
}
