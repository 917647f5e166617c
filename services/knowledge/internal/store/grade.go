package store

import (
	"context"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
)

// ToldBy says which event tells how an experiment stands: its time, and the version of the experiment after it.
type ToldBy struct {
	Time    time.Time
	Version int64
}

// Follow takes in how an experiment stands: what it says about the claims that it bears on, and how far the adoption is that it belongs to.
// What is told again, or later than something newer, changes nothing. Reason: EXPERIMENT_NAME_INVALID.
func Follow(tx *eventlog.Tx, s domain.Standing, by ToldBy) error {
	claims, err := s.Claims()
	if err != nil {
		return err
	}
	if err := alone(tx); err != nil {
		return err
	}
	newer, err := toldNow(tx, s.Experiment, by)
	if err != nil || !newer {
		return err
	}
	for _, learning := range claims {
		if err := recordEvidence(tx, learning, s); err != nil {
			return err
		}
	}
	return moveAdoption(tx, s)
}

// toldNow notes which event told how an experiment stands, and tells whether it is newer than what was told before: by its time or by its
// version, since a source that was restored begins its versions anew, and one whose clock was put back its times.
func toldNow(tx *eventlog.Tx, experiment string, by ToldBy) (bool, error) {
	n, err := tx.Exec(`insert into experiments_told (experiment, at, version) values ($1, $2, $3)
		on conflict (experiment) do update set at = excluded.at, version = excluded.version
		where excluded.at > experiments_told.at or excluded.version > experiments_told.version`,
		experiment, db.Micros(by.Time), by.Version)
	return n > 0, err
}

// recordEvidence keeps what a concluded experiment says about a claim, and grades the claim again if its learning is known here.
func recordEvidence(tx *eventlog.Tx, learning string, s domain.Standing) error {
	row, known, err := learnings.Find(tx, learning)
	if err != nil {
		return err
	}
	e := domain.NewEvidence(learning, row.Value, s)
	_, there, err := Evidence.Find(tx, e.Name)
	switch {
	case err != nil:
		return err
	case there:
		_, err = Evidence.Update(tx, e.Name, "", func(e *domain.Evidence, _ time.Time) ([]domain.Event, error) { return e.Tell(s), nil })
	default:
		err = createEvidence(tx, learning, e)
	}
	if err != nil || !known {
		return err
	}
	pieces, err := Evidence.All(context.Background(), tx, tx.Log(), learning)
	if err != nil {
		return err
	}
	_, err = Change(tx, learning, "", func(l *domain.Learning, now time.Time) ([]domain.Event, error) {
		return l.Regrade(domain.GradeOf(values(pieces)), now), nil
	})
	return err
}

// createEvidence adds what the team's situation is like now, and how it adapted what it tried.
func createEvidence(tx *eventlog.Tx, learning string, e *domain.Evidence) error {
	settings, err := SettingsOf(tx, e.Team)
	if err != nil {
		return err
	}
	e.Context = settings.Context
	if e.Kind != domain.Origin {
		offer, found, err := Offers.Find(tx, domain.OfferName(e.Team, learning))
		if err != nil {
			return err
		}
		if found && offer.Value.Answer == domain.Adapt {
			e.Adaptation = offer.Value.AnswerText
		}
	}
	_, err = Evidence.Create(tx, e, domain.EvidenceRecorded)
	return err
}

// gradeNew grades a learning that is not stored yet by the evidence that was there before it.
func gradeNew(tx *eventlog.Tx, l *domain.Learning) error {
	pieces, err := Evidence.All(context.Background(), tx, tx.Log(), l.Name)
	if err != nil || len(pieces) == 0 {
		return err
	}
	for i, piece := range pieces {
		pieces[i], err = Evidence.Update(tx, piece.Value.Name, "", func(e *domain.Evidence, _ time.Time) ([]domain.Event, error) {
			return e.Belong(l), nil
		})
		if err != nil {
			return err
		}
	}
	l.Regrade(domain.GradeOf(values(pieces)), tx.Now()) // what tells of the new learning tells of its grade
	return nil
}

// Weights is what each piece of evidence for a learning, `learnings/{learning}`, contributes to its grade, by its name.
func Weights(ctx context.Context, l *eventlog.Log, learning string) (map[string]domain.Weight, error) {
	pieces, err := Evidence.All(ctx, l.DB().Read(), l, learning)
	if err != nil {
		return nil, err
	}
	weights := make(map[string]domain.Weight, len(pieces))
	for i, w := range domain.Weigh(values(pieces)) {
		weights[pieces[i].Value.Name] = w
	}
	return weights, nil
}

func values[T any](rows []record.Row[T]) []T {
	all := make([]T, len(rows))
	for i, row := range rows {
		all[i] = *row.Value
	}
	return all
}

// moveAdoption moves the adoption on that an experiment belongs to, if there is one.
func moveAdoption(tx *eventlog.Tx, s domain.Standing) error {
	name, ok := s.Offer()
	if !ok {
		return nil
	}
	_, found, err := Offers.Find(tx, name)
	if err != nil || !found {
		return err
	}
	_, err = Offers.Update(tx, name, "", func(o *domain.Offer, _ time.Time) ([]domain.Event, error) { return o.Follow(s), nil })
	return err
}
