package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/mem"

	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/telemetry"
)

// collect reads everything that the program has written, by where it is.
func (s *secretStory) collect(t *testing.T) map[string]string {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !strings.Contains(s.traces.String(), "CycleService") && time.Now().Before(deadline); {
		time.Sleep(10 * time.Millisecond) // between two looks: spans are sent in batches
	}
	kept := map[string]string{"the log": s.log.String(), "the traces": s.traces.String(), "the errors": s.errors.String()}
	metrics := httptest.NewRecorder()
	telemetry.AdminHandler(s.metrics).ServeHTTP(metrics, httptest.NewRequest(http.MethodGet, "/metrics", http.NoBody))
	kept["the metrics"] = metrics.Body.String()
	var events, rows strings.Builder
	for _, service := range s.services {
		log := service.EventLog()
		records, err := log.List(t.Context(), 0, 10_000)
		if err != nil {
			t.Fatal(err)
		}
		for _, record := range records {
			events.Write(record.CloudEvent())
		}
		rows.WriteString(dump(t, log.DB()))
	}
	kept["the events"], kept["the rows of the databases"] = events.String(), rows.String()
	var files bytes.Buffer
	eachFile(t, s.dir, func(_ string, content []byte) { files.Write(content) })
	kept["the files of the data directory"] = files.String()
	for where, text := range kept {
		if text == "" {
			t.Errorf("there is nothing in %s, so nothing was looked at", where)
		}
	}
	return kept
}

// dump is every column of every table of a database, as text.
func dump(t *testing.T, d *db.DB) string {
	t.Helper()
	ctx := context.WithoutCancel(t.Context()) // a test that has ended is looked at, too
	list := "select name from sqlite_master where type = 'table'"
	if d.Engine() == db.Postgres {
		list = "select quote_ident(schemaname) || '.' || quote_ident(tablename) from pg_tables where schemaname not in ('pg_catalog', 'information_schema')"
	}
	tables, err := db.All[string](ctx, d.Read(), list)
	if err != nil || len(tables) == 0 {
		t.Fatalf("no tables: %v", err)
	}
	var text strings.Builder
	for _, table := range tables {
		query := "select x::text from " + table + " x"
		if d.Engine() == db.SQLite {
			columns, err := db.All[string](ctx, d.Read(), "select 'quote(\"' || name || '\")' from pragma_table_info($1)", table)
			if err != nil {
				t.Fatal(err)
			}
			query = "select " + strings.Join(columns, " || '|' || ") + ` from "` + table + `"`
		}
		rows, err := db.All[string](ctx, d.Read(), query)
		if err != nil {
			t.Fatalf("%s: %v", table, err)
		}
		text.WriteString(table + "\n" + strings.Join(rows, "\n") + "\n")
	}
	return text.String()
}

// found tells in which form a text holds a secret; "" when it does not.
func found(text, secret string) string {
	for form, written := range map[string]string{
		"as it is": secret, "in hexadecimal": hex.EncodeToString([]byte(secret)), "in upper-case hexadecimal": strings.ToUpper(hex.EncodeToString([]byte(secret))),
		"in base64": strings.TrimRight(base64.StdEncoding.EncodeToString([]byte(secret)), "="), "escaped": url.QueryEscape(secret),
	} {
		if strings.Contains(text, written) {
			return form
		}
	}
	return ""
}

func (s *secretStory) checkKept(t *testing.T, kept map[string]string) {
	t.Helper()
	if len(s.secrets) < 18 {
		t.Errorf("only %d secrets were seen: %v", len(s.secrets), s.secrets)
	}
	for secret, what := range s.secrets {
		for where, text := range kept {
			if form := found(text, secret); form != "" {
				t.Errorf("%s is in %s, %s", what, where, form)
			}
		}
	}
}

// checkControl plants a secret where secrets must not be, and expects the search to find it.
func (s *secretStory) checkControl(t *testing.T, before map[string]string) {
	t.Helper()
	planted := "fn_planted0123456789planted0123456789"
	s.logger.Debug("a line with " + planted)
	s.must(t, http.MethodPost, "/v1/teams/payments/obstacles", `{"description":"`+planted+`"}`)
	after := s.collect(t)
	for _, where := range []string{"the log", "the events", "the rows of the databases", "the files of the data directory"} {
		if where == "the files of the data directory" && s.settings.DatabaseURL != "" {
			continue // the broker may not hold it yet
		}
		if found(before[where], planted) != "" || found(after[where], planted) == "" {
			t.Errorf("a secret that was planted in %s is not found", where)
		}
	}
	if !strings.Contains(after["the traces"], "CycleService") || !strings.Contains(after["the metrics"], "fortnight_") || !strings.Contains(after["the errors"], "TOKEN_INVALID") {
		t.Error("the traces, metrics or errors that were looked at are not the program's")
	}
}

// checkNothingLetsIn tries everything in the databases that could be a credential as one.
func (s *secretStory) checkNothingLetsIn(t *testing.T, rows string) {
	t.Helper()
	client := identityv1.NewIdentityServiceClient(s.server.Conn())
	tried := map[string]bool{}
	for _, candidate := range regexp.MustCompile(`[A-Za-z0-9_\-]{24,190}`).FindAllString(rows, -1) {
		if tried[candidate] || strings.Count(candidate, "-") == 4 && len(candidate) == 36 { // ids of events
			continue
		}
		tried[candidate] = true
		for _, prefix := range []string{"", "fn_", "fns_", "fnl_", "fnb_"} {
			if _, err := client.Authenticate(t.Context(), &identityv1.AuthenticateRequest{Credential: &identityv1.AuthenticateRequest_Token{Token: prefix + candidate}}); err == nil {
				t.Errorf("%s in a database is a token", candidate)
			}
			if _, err := client.Authenticate(t.Context(), &identityv1.AuthenticateRequest{Credential: &identityv1.AuthenticateRequest_Session{Session: prefix + candidate}}); err == nil {
				t.Errorf("%s in a database is a session", candidate)
			}
			if strings.HasPrefix(prefix+candidate, "fnl_") {
				if _, err := client.SignInWithLink(t.Context(), &identityv1.SignInWithLinkRequest{Secret: prefix + candidate}); err == nil {
					t.Errorf("%s in a database is a link", candidate)
				}
			}
		}
	}
	if len(tried) < 50 {
		t.Errorf("only %d texts were tried", len(tried))
	}
	s.checkNothingVouches(t, tried)
	t.Logf("%d texts of the databases were tried as credentials", len(tried))
}

// collectTraces is a collector of traces: whatever is sent to it is kept as it came.
func collectTraces(t *testing.T, into io.Writer) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer(grpc.ForceServerCodecV2(rawCodec{}), grpc.UnknownServiceHandler(func(_ any, stream grpc.ServerStream) error {
		var sent []byte
		if err := stream.RecvMsg(&sent); err != nil {
			return err
		}
		if _, err := into.Write(sent); err != nil {
			return err
		}
		return stream.SendMsg(&[]byte{})
	}))
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return listener.Addr().String()
}

// rawCodec leaves messages as they are.
type rawCodec struct{}

func (rawCodec) Name() string { return "raw" }

func (rawCodec) Marshal(v any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer(*v.(*[]byte))}, nil
}

func (rawCodec) Unmarshal(data mem.BufferSlice, v any) error {
	*v.(*[]byte) = data.Materialize()
	return nil
}

func newJar(t *testing.T) http.CookieJar {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return jar
}

// eachFile reads every file below dir, and gives its path from there. What the broker has renamed meanwhile is passed over.
func eachFile(t *testing.T, dir string, see func(path string, content []byte)) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			var content []byte
			if content, err = os.ReadFile(path); err == nil {
				see(strings.TrimPrefix(path, dir+string(filepath.Separator)), content)
			}
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
