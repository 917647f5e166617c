package main

import (
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/kljensen/snowball/english"
	_ "github.com/mattn/go-sqlite3" // the driver of the floor's own connections
)

// The floor answers the same requests as the program on copies of the program's files, by hand: net/http's own mux,
// prepared statements, encoding/json, one writer that commits what queued. It knows no caller, checks nothing, asks nobody,
// publishes nothing and hashes nothing. It is what is left when everything is left out that is not the job itself.

// floor holds the statements.
type floor struct {
	get, list, search, searchAll *sql.Stmt
	writes                       chan *insert
}

// obstacle is the answer of the floor, with the fields that the program answers.
type obstacle struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	State       string `json:"state"`
	StateReason string `json:"stateReason"`
	Etag        string `json:"etag"`
	CreateTime  string `json:"createTime"`
	UpdateTime  string `json:"updateTime"`
}

// learning is a search result of the floor.
type learning struct {
	Name        string   `json:"name"`
	Claim       string   `json:"claim"`
	Situation   string   `json:"situation"`
	Tried       string   `json:"tried"`
	Happened    string   `json:"happened"`
	Team        string   `json:"team"`
	Cycle       string   `json:"cycle"`
	Experiment  string   `json:"experiment"`
	Verdict     string   `json:"verdict"`
	Tags        []string `json:"tags"`
	State       string   `json:"state"`
	PublishTime string   `json:"publishTime"`
	Etag        string   `json:"etag"`
	CreateTime  string   `json:"createTime"`
	UpdateTime  string   `json:"updateTime"`
}

type finding struct {
	Learning learning `json:"learning"`
	Snippet  string   `json:"snippet"`
	Score    float64  `json:"score"`
}

// serveFloor serves the floor on the copies in dir until the process is asked to stop.
func serveFloor(dir string) error {
	if dir == echoDir {
		return serveEcho()
	}
	cycle, knowledge := filepath.Join(dir, "cycle.db"), filepath.Join(dir, "knowledge.db")
	readers, err := openFloor(cycle, 4)
	if err != nil {
		return err
	}
	f := &floor{writes: make(chan *insert, 1024)}
	if f.get, err = readers.Prepare("select version, doc, create_time, update_time from obstacles where name = ?"); err != nil {
		return err
	}
	if f.list, err = readers.Prepare(`select name, version, doc, create_time, update_time from obstacles
		where parent = ? and (sort_key, name) > ((select sort_key from obstacles where name = ?), ?) order by sort_key, name limit ?`); err != nil {
		return err
	}
	searchers, err := openFloor(knowledge, 4)
	if err != nil {
		return err
	}
	if f.search, err = searchers.Prepare(floorSearch); err != nil {
		return err
	}
	if f.searchAll, err = searchers.Prepare(floorSearchAll); err != nil {
		return err
	}
	if err := startFloorWriter(cycle, f.writes); err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/teams/{team}/obstacles/{id}", f.getObstacle)
	mux.HandleFunc("GET /v1/teams/{team}/obstacles", f.listObstacles)
	mux.HandleFunc("POST /v1/teams/{team}/obstacles", f.createObstacle)
	mux.HandleFunc("GET /v1/learnings:search", f.searchLearnings)
	return serveUntilAsked(mux)
}

func serveUntilAsked(handler http.Handler) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	fmt.Printf("floor at http://%s\n", listener.Addr())
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func openFloor(path string, connections int) (*sql.DB, error) {
	d, err := sql.Open("sqlite3", "file:"+path+"?_journal_mode=WAL&_synchronous=FULL&_busy_timeout=5000&_txlock=immediate")
	if err != nil {
		return nil, err
	}
	d.SetMaxOpenConns(connections)
	d.SetMaxIdleConns(connections)
	err = d.Ping()
	return d, err
}

func (f *floor) getObstacle(w http.ResponseWriter, r *http.Request) {
	name := "teams/" + r.PathValue("team") + "/obstacles/" + r.PathValue("id")
	var version, created, updated int64
	var doc []byte
	if err := f.get.QueryRow(name).Scan(&version, &doc, &created, &updated); err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	answer, err := obstacleOf(doc, version, created, updated)
	reply(w, answer, err)
}

func (f *floor) listObstacles(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	size, err := strconv.Atoi(query.Get("pageSize"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	after, err := base64.RawURLEncoding.DecodeString(query.Get("pageToken"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	rows, err := f.list.Query("teams/"+r.PathValue("team"), string(after), string(after), size+1)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	defer func() { _ = rows.Close() }()
	var answer struct {
		Obstacles     []obstacle `json:"obstacles"`
		NextPageToken string     `json:"nextPageToken"`
	}
	for rows.Next() {
		var name string
		var version, created, updated int64
		var doc sql.RawBytes
		if err := rows.Scan(&name, &version, &doc, &created, &updated); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		if len(answer.Obstacles) == size {
			answer.NextPageToken = base64.RawURLEncoding.EncodeToString([]byte(answer.Obstacles[size-1].Name))
			break
		}
		one, err := obstacleOf(doc, version, created, updated)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		answer.Obstacles = append(answer.Obstacles, one)
	}
	reply(w, answer, rows.Err())
}

func obstacleOf(doc []byte, version, created, updated int64) (obstacle, error) {
	var o obstacle
	if err := json.Unmarshal(doc, &o); err != nil {
		return o, err
	}
	o.State = "OBSTACLE_STATE_" + o.State
	o.Etag, o.CreateTime, o.UpdateTime = etag(version), instant(created), instant(updated)
	return o, nil
}

func etag(version int64) string { return `"00000000-` + strconv.FormatInt(version, 10) + `"` }

func instant(micros int64) string { return time.UnixMicro(micros).UTC().Format(time.RFC3339Nano) }

const (
	// floorSearch is what the program asks its index, here together with the learnings themselves: the newest 2,000 matches are
	// ranked by their text.
	floorSearch = `with c as materialized (
			select rowid as id, bm25(learnings_text, 2.5, 2, 1.2, 1, 0) as score
			from learnings_text where learnings_text match ? order by rowid desc limit 2001
		), page as (select id, score from c order by score, id desc limit 20)
		select page.id, l.version, l.doc, l.create_time, l.update_time, -page.score
		from page join learnings_indexed i on i.id = page.id join learnings l on l.name = i.name
		order by page.score, page.id desc`
	// floorSearchAll is the plain query of a textbook: every match is ranked.
	floorSearchAll = `select t.rowid, l.version, l.doc, l.create_time, l.update_time, -t.rank
		from learnings_text t join learnings_indexed i on i.id = t.rowid join learnings l on l.name = i.name
		where learnings_text match ?1 and rank match 'bm25(2.5, 2, 1.2, 1, 0)' order by rank limit 20`
)

func (f *floor) searchLearnings(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	words := strings.Fields(query.Get("query"))
	for i, word := range words { // the index holds stems
		words[i] = `"` + english.Stem(word, true) + `"`
	}
	statement := f.search
	if query.Has("all") {
		statement = f.searchAll
	}
	findings, err := find(statement, strings.Join(words, " AND "))
	reply(w, struct {
		Results []finding `json:"results"`
	}{findings}, err)
}

// find ranks. Its snippets are the claims.
func find(ranked *sql.Stmt, match string) (found []finding, err error) {
	err = each(ranked, []any{match}, func(rows *sql.Rows) error {
		var id, version, created, updated int64
		var doc sql.RawBytes
		var one finding
		if err := rows.Scan(&id, &version, &doc, &created, &updated, &one.Score); err != nil {
			return err
		}
		if err := json.Unmarshal(doc, &one.Learning); err != nil {
			return err
		}
		one.Learning.State = "LEARNING_STATE_" + one.Learning.State
		one.Learning.Etag, one.Learning.CreateTime, one.Learning.UpdateTime = etag(version), instant(created), instant(updated)
		one.Snippet = one.Learning.Claim
		found = append(found, one)
		return nil
	})
	return found, err
}

func each(statement *sql.Stmt, arguments []any, use func(*sql.Rows) error) error {
	rows, err := statement.Query(arguments...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := use(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

func reply(w http.ResponseWriter, answer any, err error) {
	var body []byte
	if err == nil {
		body, err = json.Marshal(answer)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body) // a client that is gone needs no answer
}
