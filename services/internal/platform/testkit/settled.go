package testkit

import (
	"github.com/fortnighthq/fortnight/services/internal/platform/bus"
)

// Settled waits until a service has applied every event that the other logs of the kit hold by now. An event that was put
// aside fails the test.
func (k *Kit) Settled(s interface{ Consumers() []*bus.Consumer }) {
	k.t.Helper()
	for _, c := range s.Consumers() {
		for _, l := range k.events {
			if l.Source() != c.Source() {
				continue
			}
			head, err := l.Head(k.t.Context())
			if err != nil {
				k.t.Fatal(err)
			}
			Eventually(k.t, "the events of "+l.Source()+" are applied", func() bool {
				at := c.Status()
				return head.Seq == 0 || at.Epoch == head.Epoch && at.Seq >= head.Seq
			})
		}
		if n := c.Status().Quarantined; n > 0 {
			k.t.Errorf("%d events of %s were put aside", n, c.Source())
		}
	}
}
