package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"time"

	"github.com/google/uuid"
)

// insert is one obstacle on its way into the floor's database.
type insert struct {
	obstacle obstacle
	key      string
	now      time.Time
	done     chan error
}

func (f *floor) createObstacle(w http.ResponseWriter, r *http.Request) {
	one := &insert{key: r.Header.Get("Idempotency-Key"), now: time.Now(), done: make(chan error, 1)}
	if err := json.NewDecoder(r.Body).Decode(&one.obstacle); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	o := &one.obstacle
	o.Name = "teams/" + r.PathValue("team") + "/obstacles/" + r.URL.Query().Get("obstacleId")
	o.State = "PARKED"
	f.writes <- one
	if err := <-one.done; err != nil {
		http.Error(w, err.Error(), http.StatusConflict)
		return
	}
	o.State, o.Etag = "OBSTACLE_STATE_PARKED", etag(1)
	o.CreateTime = instant(one.now.UnixMicro())
	o.UpdateTime = o.CreateTime
	reply(w, o, nil)
}

// floorWriter is the one connection that writes: it commits together whatever queued meanwhile. A second connection copies
// the log into the file, away from the commits.
type floorWriter struct {
	connection              *sql.Conn
	obstacle, event, answer *sql.Stmt
	begin, commit, rollback *sql.Stmt
	seq                     int64
	committed               chan struct{}
}

// maxGroup bounds what is committed together.
const maxGroup = 256

func startFloorWriter(path string, queue <-chan *insert) error {
	ctx := context.Background()
	writers, err := openFloor(path, 1)
	if err != nil {
		return err
	}
	w := &floorWriter{committed: make(chan struct{}, 1)}
	if w.connection, err = writers.Conn(ctx); err != nil {
		return err
	}
	if _, err := w.connection.ExecContext(ctx, "pragma wal_autocheckpoint = 0"); err != nil {
		return err
	}
	if err := w.connection.QueryRowContext(ctx, "select coalesce(max(seq), 0) from event_log").Scan(&w.seq); err != nil {
		return err
	}
	for _, s := range []struct {
		into **sql.Stmt
		text string
	}{
		{&w.begin, "begin immediate"},
		{&w.commit, "commit"},
		{&w.rollback, "rollback"},
		{&w.obstacle, `insert into obstacles (name, parent, team, state, sort_key, version, doc, create_time, update_time)
			values (?1, ?2, ?3, ?4, ?1, 1, ?5, ?6, ?6)`},
		{&w.event, `insert into event_log (seq, chain, event_id, event_type, team, subject, aggregate_type, aggregate_id, aggregate_version,
			occurred_at, actor, traceparent, salt, payload_hash, payload)
			values (?1, ?2, ?3, 'fortnight.cycle.v1.ObstacleParked', ?4, ?5, 'obstacle', ?5, 1, ?6, 'users/bench', '', ?7, ?2, ?8)`},
		{&w.answer, "insert into idem (key, request_hash, answer, created_at, expires_at) values (?1, ?2, ?3, ?4, ?5)"},
	} {
		if *s.into, err = w.connection.PrepareContext(ctx, s.text); err != nil { //nolint:sqlclosecheck // they last as long as the program
			return err
		}
	}
	checkpoints, err := openFloor(path, 1)
	if err != nil {
		return err
	}
	go w.loop(queue)
	go w.checkpoint(checkpoints)
	return nil
}

func (w *floorWriter) loop(queue <-chan *insert) {
	for first := range queue {
		group := []*insert{first}
		_, err := w.begin.Exec()
		for next := first; next != nil && err == nil; {
			err = w.insert(next)
			next = nil
			if len(group) < maxGroup {
				select {
				case next = <-queue:
					group = append(group, next)
				default:
				}
			}
		}
		if err == nil {
			_, err = w.commit.Exec()
		}
		if err != nil {
			_, _ = w.rollback.Exec() // its failure would say the same again
		}
		for _, one := range group {
			one.done <- err
		}
		select {
		case w.committed <- struct{}{}:
		default:
		}
	}
}

// insert writes the three rows. Where the program stores a hash the floor stores random digits of the same length: the bytes on
// disk are alike, the work is not done.
func (w *floorWriter) insert(one *insert) error {
	o := one.obstacle
	doc, err := json.Marshal(struct {
		Name        string `json:"name"`
		Description string `json:"description"`
		State       string `json:"state"`
	}{o.Name, o.Description, o.State})
	if err != nil {
		return err
	}
	const parent, team = "teams/" + benchTeam, benchTeam
	now := one.now.UnixMicro()
	if _, err := w.obstacle.Exec(o.Name, parent, team, o.State, string(doc), now); err != nil {
		return err
	}
	o.State = "OBSTACLE_STATE_PARKED"
	payload, err := json.Marshal(struct {
		Obstacle obstacle `json:"obstacle"`
	}{o})
	if err != nil {
		return err
	}
	var random [48]byte
	_, _ = rand.Read(random[:]) // never fails
	id, err := uuid.NewV7()
	if err != nil {
		return err
	}
	w.seq++
	if _, err := w.event.Exec(w.seq, hex.EncodeToString(random[:32]), id.String(), team, o.Name, now, hex.EncodeToString(random[32:]), string(payload)); err != nil {
		return err
	}
	answer, err := json.Marshal(o)
	if err != nil {
		return err
	}
	_, err = w.answer.Exec([]byte(one.key), random[:32], answer, now, now+int64(24*time.Hour/time.Microsecond))
	return err
}

// checkpoint copies the log in the background after commits, and empties it when nobody writes.
func (w *floorWriter) checkpoint(d *sql.DB) {
	idle := time.NewTicker(500 * time.Millisecond)
	defer idle.Stop()
	quiet := true
	for {
		select {
		case <-w.committed:
			quiet = false
			var busy, length, copied int64
			if err := d.QueryRow("pragma wal_checkpoint(noop)").Scan(&busy, &length, &copied); err == nil && length-copied > 1000 {
				_, _ = d.Exec("pragma wal_checkpoint(passive)")
			}
			time.Sleep(5 * time.Millisecond)
		case <-idle.C:
			if quiet {
				_, _ = d.Exec("pragma wal_checkpoint(truncate)")
			}
			quiet = true
		}
	}
}
