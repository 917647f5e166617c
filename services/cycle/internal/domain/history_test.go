package domain_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

func TestChanges(t *testing.T) {
	for name, c := range map[string]struct {
		before, after domain.Document
		want          []domain.FieldChange
	}{
		"made":      {nil, domain.Document{"name": `"a"`}, []domain.FieldChange{{Field: "name", After: `"a"`}}},
		"same":      {domain.Document{"name": `"a"`}, domain.Document{"name": `"a"`}, nil},
		"different": {domain.Document{"b": "1", "a": "1"}, domain.Document{"a": "2", "b": "2"}, []domain.FieldChange{{"a", "1", "2"}, {"b", "1", "2"}}},
		"gone":      {domain.Document{"name": `"a"`, "end": "{}"}, domain.Document{"name": `"a"`}, []domain.FieldChange{{Field: "end", Before: "{}"}}},
		"nothing":   {nil, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if got := domain.Changes(c.before, c.after); !slices.Equal(got, c.want) {
				t.Errorf("changes %v, want %v", got, c.want)
			}
		})
	}
}

// Whatever a resource was in turn, its changes make what it was last, and touch nothing that they were made from.
func TestFold(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var before domain.Document
		var entries []domain.HistoryEntry
		for range random.IntN(8) {
			after := domain.Document{}
			for field := range random.IntN(6) {
				if value := random.IntN(4); value > 0 {
					after[fmt.Sprintf("f%d", field)] = fmt.Sprint(value)
				}
			}
			kept := maps.Clone(after)
			entries = append(entries, domain.HistoryEntry{Changes: domain.Changes(before, after)})
			if !maps.Equal(after, kept) {
				t.Fatalf("the comparison changed %v to %v", kept, after)
			}
			before = after
		}
		if got := domain.Fold(entries); !maps.Equal(got, before) {
			t.Fatalf("%v make %v, want %v", entries, got, before)
		}
	}
}

func TestHistoryOf(t *testing.T) {
	for resource, c := range map[string]struct{ under, reason string }{
		"":                                   {"", ""},
		"teams/payments":                     {"", ""},
		"teams/payments/cycles/first":        {"teams/payments/cycles/first", ""},
		"teams/payments/coachingCadence":     {"teams/payments/coachingCadence", ""},
		"teams/payments2/cycles/first":       {"", "OTHER_TEAM"},
		"teams/mobile":                       {"", "OTHER_TEAM"},
		"cycles/first":                       {"", "OTHER_TEAM"},
		"teams/payments/":                    {"", "RESOURCE_NAME_MALFORMED"},
		"teams/payments/cycles//andons":      {"", "RESOURCE_NAME_MALFORMED"},
		"teams/payments/cycles/first/andons": {"teams/payments/cycles/first/andons", ""},
	} {
		t.Run(resource, func(t *testing.T) {
			under, err := domain.HistoryOf("teams/payments", resource)
			reason := ""
			if err != nil {
				reason = fault.From(err).Reason
			}
			if under != c.under || reason != c.reason {
				t.Errorf("%q, %v, want %q, %s", under, err, c.under, c.reason)
			}
		})
	}
}
