package domain

import "time"

// At is the instant of a wall-clock time on a day (`YYYY-MM-DD`) in a zone. Where the zone's clocks skip that time, it is
// the first instant after the gap; where they repeat it, the first of the two. time.Date promises neither: it may even
// answer with the day before.
func At(day string, hour, minute int, zone *time.Location) (time.Time, error) {
	wall, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return time.Time{}, err
	}
	wall = wall.Add(time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute)
	// The zone's offset at that wall-clock time is the one of a day before or of a day after: no zone moves its clocks
	// twice within two days.
	earlier, later := offset(wall.Add(-24*time.Hour), zone), offset(wall.Add(24*time.Hour), zone)
	first, second := wall.Add(-earlier), wall.Add(-later)
	if second.Before(first) {
		first, second = second, first
	}
	for _, candidate := range []time.Time{first, second} {
		if sameWall(candidate.In(zone), wall) {
			return candidate, nil
		}
	}
	// Skipped: the clocks move between the two candidates.
	gapEnd, _ := second.In(zone).ZoneBounds()
	return gapEnd.UTC(), nil
}

func offset(at time.Time, zone *time.Location) time.Duration {
	_, seconds := at.In(zone).Zone()
	return time.Duration(seconds) * time.Second
}

func sameWall(local, wall time.Time) bool {
	return local.Format(time.DateTime) == wall.Format(time.DateTime)
}
