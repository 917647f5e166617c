package identity

import (
	"context"
	"os"
	"path/filepath"
	"strconv"

	commonv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/common/v1"
	"github.com/fortnighthq/fortnight/services/identity/internal/domain"
	"github.com/fortnighthq/fortnight/services/identity/internal/provision"
	"github.com/fortnighthq/fortnight/services/identity/internal/store"
	"github.com/fortnighthq/fortnight/services/internal/platform/audit"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// provision makes everything as the provisioning file says, in one transaction. Without a file, what one owned before is
// given free.
func (s *Service) provision(ctx context.Context, path string) error {
	wanted, err := readProvisioning(path)
	if err != nil {
		return err
	}
	return s.Log.Do(asOperator(ctx), func(tx *eventlog.Tx) error {
		counts, err := store.Provision(ctx, tx, wanted)
		if err != nil || counts == (store.ProvisionCounts{}) {
			return err
		}
		return audit.Record(tx, audit.Event{Action: commonv1.AuditAction_AUDIT_ACTION_PROVISIONED, Details: map[string]string{
			"file": wanted.File, "set": strconv.Itoa(counts.Set), "withdrawn": strconv.Itoa(counts.Withdrawn), "released": strconv.Itoa(counts.Released),
		}})
	})
}

func readProvisioning(path string) (domain.Provisioning, error) {
	if path == "" {
		return domain.Provisioning{}, nil
	}
	content, err := os.ReadFile(filepath.Clean(path))
	if err != nil {
		return domain.Provisioning{}, fault.New(fault.InvalidArgument, "PROVISIONING_FILE_UNREADABLE", "The provisioning file %s cannot be read.", path).Because(err)
	}
	return provision.Parse(string(content), filepath.Base(path), func(secret string) (string, error) {
		if !filepath.IsAbs(secret) {
			secret = filepath.Join(filepath.Dir(path), secret)
		}
		text, err := os.ReadFile(filepath.Clean(secret))
		return string(text), err
	})
}
