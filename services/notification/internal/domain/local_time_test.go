package domain_test

import (
	"archive/zip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/fortnighthq/fortnight/services/notification/internal/domain"
)

func TestAt(t *testing.T) {
	tests := []struct {
		zone, day    string
		hour, minute int
		want         string // UTC
	}{
		{"Europe/Berlin", "2026-03-30", 9, 0, "2026-03-30T07:00:00Z"},
		{"Europe/Berlin", "2026-03-29", 2, 30, "2026-03-29T01:00:00Z"},    // skipped: 03:00 is the first instant after the gap
		{"Europe/Berlin", "2026-10-25", 2, 30, "2026-10-25T00:30:00Z"},    // repeated: the first
		{"America/New_York", "2026-03-08", 2, 30, "2026-03-08T07:00:00Z"}, // skipped
		{"America/Santiago", "2026-09-06", 0, 0, "2026-09-06T04:00:00Z"},  // no midnight: 01:00 of the same day
		{"Australia/Lord_Howe", "2026-10-04", 2, 15, "2026-10-03T15:30:00Z"},
		{"Pacific/Apia", "2026-06-08", 9, 0, "2026-06-07T20:00:00Z"},
	}
	for _, test := range tests {
		zone, err := time.LoadLocation(test.zone)
		if err != nil {
			t.Fatal(err)
		}
		got, err := domain.At(test.day, test.hour, test.minute, zone)
		if err != nil || got.UTC().Format(time.RFC3339) != test.want {
			t.Errorf("%s %s %02d:%02d: got %s, %v; want %s", test.zone, test.day, test.hour, test.minute, got.UTC().Format(time.RFC3339), err, test.want)
		}
	}
	if _, err := domain.At("2026-02-30", 9, 0, time.UTC); err == nil {
		t.Error("a day that the calendar lacks was taken")
	}
}

// In every zone a reminder falls on its own day, at its time or at the first instant after a gap.
func TestAtStaysOnItsDayInEveryZone(t *testing.T) {
	for _, name := range zoneNames(t) {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		for day := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC); day.Year() < 2028; day = day.AddDate(0, 0, 1) {
			for _, hour := range []int{0, 2, 9} {
				got, err := domain.At(day.Format(time.DateOnly), hour, 0, zone)
				if err != nil {
					t.Fatal(err)
				}
				local := got.In(zone)
				if local.Format(time.DateOnly) != day.Format(time.DateOnly) || local.Hour() < hour || local.Hour() > hour+1 {
					t.Fatalf("%s %s %02d:00 became %s", name, day.Format(time.DateOnly), hour, local)
				}
			}
		}
	}
}

func zoneNames(t *testing.T) []string {
	t.Helper()
	root, err := exec.CommandContext(t.Context(), "go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	archive, err := zip.OpenReader(filepath.Join(strings.TrimSpace(string(root)), "lib", "time", "zoneinfo.zip"))
	if os.IsNotExist(err) {
		t.Fatal("the Go distribution lacks lib/time/zoneinfo.zip")
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = archive.Close() }()
	var zones []string
	for _, file := range archive.File {
		if !strings.HasSuffix(file.Name, "/") {
			zones = append(zones, file.Name)
		}
	}
	if len(zones) < 300 {
		t.Fatalf("only %d zones found", len(zones))
	}
	return zones
}
