package domain

import (
	"slices"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// maxReviewYears is how far away a review-by date may be.
const maxReviewYears = 5

// reviewsShown is how many reviews a learning shows. Every revision and every event has them all again, so they must not grow for ever.
const reviewsShown = 20

// Review says that a published learning still holds, and by which day, YYYY-MM-DD, it is looked at again: after the months of the settings
// of its team when the day is empty. The latest reviews are shown with the learning, all of them are in its revisions. Reasons:
// LEARNING_NOT_PUBLISHED, LEARNING_RETIRED, REVIEW_TOO_SHORT, and those of a review-by date.
func (l *Learning) Review(s Settings, text, reviewBy string, now time.Time) ([]Event, error) {
	switch l.State {
	case Draft:
		return nil, fault.New(fault.FailedPrecondition, "LEARNING_NOT_PUBLISHED",
			"Only a published learning is looked at again; edit the draft, or publish it.")
	case Retired:
		return nil, l.retired()
	case Published:
	}
	text = Text(text)
	if err := enough("text", "REVIEW_TOO_SHORT", "Say why it still holds", text); err != nil {
		return nil, err
	}
	if reviewBy == "" {
		reviewBy = s.reviewBy(now)
	} else if err := checkReviewBy("review_by_date", reviewBy, now); err != nil {
		return nil, err
	}
	l.ReviewByDate = reviewBy
	l.Reviews = append(l.Reviews, Review{Text: text, Time: now})
	l.Reviews = slices.Clone(l.Reviews[max(0, len(l.Reviews)-reviewsShown):])
	return []Event{LearningReviewed}, nil
}

// ReviewDue tells whether the day is over by which somebody should say whether a published learning still holds.
func (l *Learning) ReviewDue(now time.Time) bool {
	return l.State == Published && l.ReviewByDate != "" && now.UTC().Format(time.DateOnly) > l.ReviewByDate
}

// reviewBy is the day so many months after a moment, in UTC. What has no such day in the month ends with the month.
func (s Settings) reviewBy(at time.Time) string {
	year, month, day := at.UTC().Date()
	month += time.Month(s.Complete().ReviewMonths)
	last := time.Date(year, month+1, 0, 0, 0, 0, 0, time.UTC).Day()
	return time.Date(year, month, min(day, last), 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
}

// checkReviewBy refuses a day that is none, not later than today in UTC, or too far away. Reasons: REVIEW_BY_DATE_INVALID,
// REVIEW_BY_DATE_PAST, REVIEW_BY_DATE_FAR.
func checkReviewBy(field, date string, now time.Time) error {
	day, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return fault.Invalid(field, "REVIEW_BY_DATE_INVALID", "%q is no day; write it as 2026-12-04.", date)
	}
	today := now.UTC().Truncate(24 * time.Hour)
	switch {
	case !day.After(today):
		return fault.Invalid(field, "REVIEW_BY_DATE_PAST", "%s is not later than today; choose a day to come.", date)
	case day.After(today.AddDate(maxReviewYears, 0, 0)):
		return fault.Invalid(field, "REVIEW_BY_DATE_FAR", "%s is more than %d years away; choose an earlier day.", date, maxReviewYears)
	}
	return nil
}
