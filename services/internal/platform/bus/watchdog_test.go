package bus

import (
	"testing"

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
)

func TestAConsumerThatTheBrokerForgotIsMadeAgain(t *testing.T) {
	noLeaks(t)
	from, to, b := newSource(t, db.SQLite), newSink(t, db.SQLite), embedded(t, t.TempDir())
	start(t, relay(b, from).Run)
	c := to.consumer(b, from, noFill)
	start(t, c.Run)
	from.add(10, "")
	eventually(t, "the events are applied", func() bool { return c.Status().Seq == 10 })
	if err := b.js.DeleteConsumer(t.Context(), streamName("cycle"), "report"); err != nil {
		t.Fatal(err)
	}
	from.add(10, "")
	eventually(t, "the broker brings events again", func() bool { return c.Status().Seq == 20 })
	to.wantExactly(from.log.Epoch(), 20)
	if c.Status().Rejoins == 0 {
		t.Error("the broker's consumer was not made again")
	}
}

func TestABrokerThatBringsNothingIsNoticed(t *testing.T) {
	noLeaks(t)
	from, to, b := newSource(t, db.SQLite), newSink(t, db.SQLite), embedded(t, t.TempDir())
	if _, err := b.ensureStream(t.Context(), "cycle"); err != nil { // and no relay
		t.Fatal(err)
	}
	c := to.consumer(b, from)
	start(t, c.Run)
	eventually(t, "the consumer has begun", func() bool { return c.Status().Epoch != "" })
	for round := range int64(2) {
		from.add(5, "")
		eventually(t, "the events are applied", func() bool { return c.Status().Seq == from.made && c.Status().Stalls > round })
	}
	to.wantExactly(from.log.Epoch(), 10)
	eventually(t, "the broker's consumer is made from nothing", func() bool { return c.Status().Rejoins > 0 })
}

func TestASourceThatDoesNotAnswerIsAskedAgain(t *testing.T) {
	from, to := newSource(t, db.SQLite), newSink(t, db.SQLite)
	from.add(5, "")
	from.down.Store(true)
	c := to.consumer(nil, from)
	start(t, c.Run)
	if c.ask(t.Context()) {
		t.Fatal("the source answered")
	}
	from.down.Store(false)
	eventually(t, "the events are applied", func() bool { return c.Status().Seq == 5 })
	to.wantExactly(from.log.Epoch(), 5)
}
