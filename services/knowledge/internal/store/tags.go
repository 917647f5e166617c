package store

import (
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
)

// tagLearning keeps the tags of a learning where lists find them.
func tagLearning(tx *eventlog.Tx, l *domain.Learning) error {
	if _, err := tx.Exec("delete from learning_tags where learning = $1", l.Name); err != nil {
		return err
	}
	for _, tag := range l.Tags {
		if _, err := tx.Exec("insert into learning_tags (tag, learning) values ($1, $2) on conflict (tag, learning) do nothing", tag, l.Name); err != nil {
			return err
		}
	}
	return nil
}
