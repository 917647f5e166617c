package domain_test

import (
	"archive/zip"
	"io"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
	_ "time/tzdata" // for LoadLocation on machines without a zone database

	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
)

// everyZone reads the zone database that comes with Go, so that the test means the same zones on every machine. Of the names for
// the same clocks it keeps those that are asked for, or else the first.
func everyZone(t *testing.T, wanted map[string]bool) map[string]*time.Location {
	t.Helper()
	root, err := exec.Command("go", "env", "GOROOT").Output()
	must(t, err)
	archive, err := zip.OpenReader(filepath.Join(strings.TrimSpace(string(root)), "lib", "time", "zoneinfo.zip"))
	must(t, err)
	defer func() { _ = archive.Close() }()
	zones, named, seen := map[string]*time.Location{}, 0, map[string]bool{}
	for _, file := range archive.File {
		if strings.HasSuffix(file.Name, "/") {
			continue
		}
		content, err := file.Open()
		must(t, err)
		data, err := io.ReadAll(content)
		must(t, err)
		named++
		if seen[string(data)] && !wanted[file.Name] {
			continue
		}
		seen[string(data)] = true
		zone, err := time.LoadLocationFromTZData(file.Name, data)
		must(t, err)
		zones[file.Name] = zone
	}
	if named < 400 {
		t.Fatalf("%d zones are not every zone", named)
	}
	return zones
}

// A cycle that starts on any Monday of 2024 to 2040 in any zone, and on any day where days are known to begin oddly.
func TestEveryZoneAndStart(t *testing.T) {
	odd := map[string]bool{"America/Santiago": true, "Australia/Lord_Howe": true, "Pacific/Apia": true, "Africa/Cairo": true, "Asia/Beirut": true}
	zones := everyZone(t, odd)
	const first, last = domain.Day("2024-01-01"), domain.Day("2040-12-31") // 2024-01-01 is a Monday
	var mondays, days []domain.Day
	for day := first; day <= last; day = day.AddDays(1) {
		days = append(days, day)
		if day.Weekday() == "MONDAY" {
			mondays = append(mondays, day)
		}
	}
	names := make(chan string)
	var group sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() {
			for name := range names {
				starts := mondays
				if odd[name] {
					starts = days
				}
				for _, start := range starts {
					if !startsRight(t, name, zones[name], start) {
						break // one is enough to tell of a zone
					}
				}
			}
		})
	}
	found := 0
	for name := range zones {
		if odd[name] {
			found++
		}
		names <- name
	}
	close(names)
	group.Wait()
	if found != len(odd) {
		t.Errorf("%d of the odd zones were looked at, want %d", found, len(odd))
	}
}

func startsRight(t *testing.T, name string, zone *time.Location, start domain.Day) bool {
	team := office
	team.TimeZone = name
	cycle, err := domain.NewCycle(domain.Cycle{}, team, "", domain.Today(start.FirstInstant(zone), zone))
	if err != nil {
		t.Errorf("%s %s: %v", name, start, err)
		return false
	}
	at, err := time.Parse(time.DateOnly, string(start))
	if err != nil || cycle.StartDate != start || string(cycle.EndDate) != at.AddDate(0, 0, 14).Format(time.DateOnly) {
		t.Errorf("%s: a cycle from %s lasts from %s to %s", name, start, cycle.StartDate, cycle.EndDate)
		return false
	}
	for _, day := range []domain.Day{cycle.StartDate, cycle.EndDate} {
		begin := day.FirstInstant(zone)
		if on, before := domain.Today(begin, zone), domain.Today(begin.Add(-1), zone); on != day || before != day.AddDays(-1) {
			t.Errorf("%s: %s begins at %s, which is %s, after %s", name, day, begin, on, before)
			return false
		}
	}
	next, gate := cycle.StartDate, domain.Day("")
	for _, plan := range cycle.PhasePlan {
		weekday := plan.Gate.Weekday()
		if plan.Start != next || plan.Gate < plan.Start || plan.Gate >= plan.End || plan.Gate <= gate || weekday == "SATURDAY" || weekday == "SUNDAY" {
			t.Errorf("%s: planned %+v", name, cycle.PhasePlan)
			return false
		}
		next, gate = plan.End, plan.Gate
	}
	if next != cycle.EndDate {
		t.Errorf("%s: the phases end on %s, the cycle on %s", name, next, cycle.EndDate)
	}
	return next == cycle.EndDate
}

func TestFirstInstant(t *testing.T) {
	for _, test := range []struct {
		zone, want string
		day        domain.Day
	}{
		{"UTC", "2026-06-08T00:00:00Z", "2026-06-08"},
		{"Europe/Berlin", "2026-03-28T23:00:00Z", "2026-03-29"},       // the clocks move later that day
		{"America/Santiago", "2026-09-06T04:00:00Z", "2026-09-06"},    // from 24:00 to 1:00
		{"America/Santiago", "2026-04-05T04:00:00Z", "2026-04-05"},    // 23:00 to 24:00 twice the evening before
		{"Asia/Beirut", "2026-03-28T22:00:00Z", "2026-03-29"},         // from 0:00 to 1:00
		{"Africa/Cairo", "2026-04-23T22:00:00Z", "2026-04-24"},        // from 0:00 to 1:00
		{"Australia/Lord_Howe", "2026-04-04T13:00:00Z", "2026-04-05"}, // half an hour, later that day
		{"Pacific/Apia", "2011-12-30T10:00:00Z", "2011-12-30"},        // left out: it begins when the next day does
		{"Pacific/Apia", "2011-12-30T10:00:00Z", "2011-12-31"},
		{"Pacific/Apia", "2011-12-29T10:00:00Z", "2011-12-29"},
		{"Pacific/Kiritimati", "2026-06-07T10:00:00Z", "2026-06-08"}, // the farthest east
		{"Etc/GMT+12", "2026-06-08T12:00:00Z", "2026-06-08"},         // the farthest west
		{"UTC", "0001-01-01T00:00:00Z", "nonsense"},
	} {
		zone, err := time.LoadLocation(test.zone)
		must(t, err)
		if got := test.day.FirstInstant(zone).Format(time.RFC3339); got != test.want {
			t.Errorf("%s begins in %s at %s, want %s", test.day, test.zone, got, test.want)
		}
	}
}
