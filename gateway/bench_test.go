package gateway_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/fortnighthq/fortnight/gateway"
	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
)

// direct answers at once, so that only the gateway's own work is measured.
type direct struct{ grpc.ClientConnInterface }

func (direct) Invoke(_ context.Context, _ string, _, reply any, _ ...grpc.CallOption) error {
	switch r := reply.(type) {
	case *identityv1.AuthenticateResponse:
		r.CallerToken, r.ExpireTime = minaCaller, timestamppb.New(time.Now().Add(time.Minute))
	case *cyclev1.Cycle:
		proto.Merge(r, &cyclev1.Cycle{Name: "teams/payments/cycles/2026-w24", DisplayName: "Week 24", Etag: `"3f2a91c0-7"`, CreateTime: timestamppb.Now()})
	}
	return nil
}

// BenchmarkGateway measures what the gateway itself costs a request, without a network on either side.
func BenchmarkGateway(b *testing.B) {
	g, err := gateway.New(gateway.Config{Conn: func(string) grpc.ClientConnInterface { return direct{} }})
	if err != nil {
		b.Fatal(err)
	}
	handler := g.Handler()
	for _, bench := range []struct{ name, method, path, body string }{
		{"get", http.MethodGet, cyclePath, ""},
		{"advance", http.MethodPost, cyclePath + ":advance", `{"requestId":"k"}`},
	} {
		b.Run(bench.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r := httptest.NewRequest(bench.method, bench.path, strings.NewReader(bench.body))
				r.Header.Set("Authorization", "Bearer "+minaToken)
				r.Header.Set("Content-Type", "application/json")
				w := httptest.NewRecorder()
				if handler.ServeHTTP(w, r); w.Code != http.StatusOK {
					b.Fatal(w.Code, w.Body)
				}
			}
		})
	}
}
