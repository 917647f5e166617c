package retrospective_test

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver pgx
	"google.golang.org/grpc"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	retrospectivev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/retrospective/v1"
	"github.com/fortnighthq/fortnight/services/experiment"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller/callertest"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
	"github.com/fortnighthq/fortnight/services/retrospective"
)

const (
	goodMood = retrospectivev1.Mood_MOOD_GOOD
	badMood  = retrospectivev1.Mood_MOOD_BAD
)

var (
	tapKey    = []byte("the key of this installation, 32")
	databases atomic.Int64
)

// daysWorld is the retrospective service on an engine, in an installation with a key, with the experiment service beside it.
func daysWorld(t *testing.T, engine db.Engine) *world {
	t.Helper()
	w := &world{T: t, Kit: testkit.New(t), others: newOthers()}
	kit := w.Service("retrospective")
	kit.SecretKey = tapKey
	address := kit.DatabaseURL("retrospective")
	w.dir = strings.TrimPrefix(address[:strings.LastIndexByte(address, '/')], "sqlite:")
	if engine == db.Postgres {
		address = newDatabase(t)
		kit.DatabaseURL = func(string) string { return address }
	}
	var err error
	if w.service, err = retrospective.New(t.Context(), kit); err != nil {
		t.Fatal(err)
	}
	experiments, err := experiment.New(t.Context(), w.Service("experiment"))
	if err != nil {
		t.Fatal(err)
	}
	w.Register(func(r grpc.ServiceRegistrar) {
		cyclev1.RegisterCycleServiceServer(r, w.others)
		identityv1.RegisterIdentityServiceServer(r, w.others)
	})
	w.Start(w.service, experiments)
	w.RetrospectiveServiceClient = retrospectivev1.NewRetrospectiveServiceClient(w.Conn())
	return w
}

// newDatabase is the address of a database of its own on the Postgres server of the tests.
func newDatabase(t *testing.T) string {
	t.Helper()
	server := dbtest.Config(t, db.Postgres).URL
	conn, err := sql.Open("pgx", server)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	name := fmt.Sprintf("good_days_%d", databases.Add(1))
	if _, err := conn.ExecContext(t.Context(), "create database "+name); err != nil {
		t.Fatal(err)
	}
	address, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	address.Path = "/" + name
	return address.String()
}

func (w *world) experiments() experimentv1.ExperimentServiceClient {
	return experimentv1.NewExperimentServiceClient(w.Conn())
}

// member is the context of a member of the team.
func (w *world) member(id string) context.Context {
	return w.As(callertest.User(id, "payments", caller.Member))
}

// today is the name of the day that it is in Berlin, or so many days later.
func (w *world) today(later int) string {
	berlin, err := time.LoadLocation("Europe/Berlin")
	w.must(err)
	return "teams/payments/goodDays/" + w.Clock.Now().In(berlin).AddDate(0, 0, later).Format(time.DateOnly)
}

// tap taps today, for the first time.
func (w *world) tap(who string, mood retrospectivev1.Mood, cause, note string) *retrospectivev1.Tap {
	w.Helper()
	tap, err := w.TapDay(w.member(who), &retrospectivev1.TapDayRequest{Name: w.today(0), Mood: mood, Cause: cause, Note: note})
	w.must(err)
	return tap
}

// days waits until the clock has closed so many days, and lists them.
func (w *world) days(n int) []*retrospectivev1.GoodDay {
	w.Helper()
	var days []*retrospectivev1.GoodDay
	testkit.Eventually(w.T, fmt.Sprint(n, " days are closed"), func() bool {
		list, err := w.ListGoodDays(w.mina(), &retrospectivev1.ListGoodDaysRequest{Parent: team})
		w.must(err)
		days = list.GetGoodDays()
		return len(days) >= n
	})
	return days
}

// weeks waits until the clock has closed so many weeks, and lists them.
func (w *world) weeks(n int) []*retrospectivev1.GoodWeek {
	w.Helper()
	var weeks []*retrospectivev1.GoodWeek
	testkit.Eventually(w.T, fmt.Sprint(n, " weeks are closed"), func() bool {
		list, err := w.ListGoodWeeks(w.mina(), &retrospectivev1.ListGoodWeeksRequest{Parent: team})
		w.must(err)
		weeks = list.GetGoodWeeks()
		return len(weeks) >= n
	})
	return weeks
}
