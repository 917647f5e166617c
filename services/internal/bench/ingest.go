package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strconv"
	"sync"
	"time"
)

const (
	ingestMetric = "/v1/teams/" + benchTeam + "/metrics/ingested"
	chartMetric  = "/v1/teams/" + benchTeam + "/metrics/charted"
	chartPoints  = 10_000
	chartRounds  = 40
)

// ingest sends one file of readings and takes the rate against prepared inserts of the same rows, and the memory meanwhile.
func (b *bench) ingest(ctx context.Context) error {
	for _, id := range []string{"ingested", "charted"} {
		metric := object{"displayName": "Ingested", "direction": "DIRECTION_LOWER", "kind": "METRIC_KIND_PROCESS"}
		if _, err := b.api.call(ctx, http.MethodPost, "/v1/teams/"+benchTeam+"/metrics?metricId="+id, "", metric, nil); err != nil {
			return err
		}
	}
	bare, err := insertPrepared(ctx, filepath.Join(b.dir, "ingest-floor.db"), b.readings)
	if err != nil {
		return fmt.Errorf("floor: %w", err)
	}
	before := float64(b.program.memory()) / (1 << 20)
	stop, most := b.watchMemory()
	began := time.Now()
	err = b.sendFile(ctx, ingestMetric, b.readings)
	took := time.Since(began)
	stop()
	if err != nil {
		return err
	}
	rate, floor := float64(b.readings)/took.Seconds(), float64(b.readings)/bare.Seconds()
	fmt.Printf("\nIngest of %d readings in one body (goal: 0.3 of prepared inserts in one transaction, memory flat)\n\n", b.readings)
	fmt.Printf("| readings a second | prepared inserts a second | to the floor | memory before, MiB | most memory, MiB |\n|---|---|---|---|---|\n| %.0f | %.0f | **%.2f** | %.0f | %.0f |\n",
		rate, floor, rate/floor, before, float64(*most)/(1<<20))
	return b.chart(ctx)
}

// chart gets a process behaviour chart of 10,000 points.
func (b *bench) chart(ctx context.Context) error {
	if err := b.sendFile(ctx, chartMetric, chartPoints); err != nil {
		return err
	}
	c, err := dial(b.program.addr)
	if err != nil {
		return err
	}
	defer c.close()
	var times []float64
	for range chartRounds {
		began := time.Now()
		status, body, err := c.do(get(chartMetric+":analyze", b.token))
		if err != nil {
			return err
		}
		times = append(times, milliseconds(time.Since(began)))
		if status != http.StatusOK || bytes.Count(body, []byte(`"value"`)) < chartPoints {
			return refused(status, body)
		}
	}
	fmt.Printf("\nChart of %d points over REST, JSON and all (goal: 20 ms)\n\n| median ms |\n|---|\n| %.1f |\n", chartPoints, median(times))
	return nil
}

// insertPrepared writes the rows that an ingest has to write, with one prepared statement in one transaction, and returns how long
// that took.
func insertPrepared(ctx context.Context, path string, n int) (time.Duration, error) {
	d, err := sql.Open("sqlite3", "file:"+path+"?_journal_mode=WAL&_synchronous=FULL")
	if err != nil {
		return 0, err
	}
	defer func() { _ = d.Close() }()
	_, err = d.ExecContext(ctx, `create table measurements (metric text not null, time integer not null, source_key text not null, value real not null,
		record_time integer not null, ordinal integer not null, primary key (metric, time, source_key)) strict, without rowid;
		create unique index measurements_arrival on measurements (metric, ordinal)`)
	if err != nil {
		return 0, err
	}
	began := time.Now()
	tx, err := d.BeginTx(ctx, nil)
	if err != nil {
		return 0, err
	}
	insert, err := tx.PrepareContext(ctx, "insert into measurements values (?, ?, '', ?, ?, ?)")
	if err != nil {
		return 0, errors.Join(err, tx.Rollback())
	}
	defer func() { _ = insert.Close() }()
	for i := range n {
		if _, err := insert.ExecContext(ctx, ingestMetric, readingTime(i).UnixMicro(), readingValue(i), began.UnixMicro(), i+1); err != nil {
			return 0, errors.Join(err, tx.Rollback())
		}
	}
	return time.Since(began), tx.Commit()
}

func readingTime(i int) time.Time {
	return time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(i) * time.Minute)
}

func readingValue(i int) float64 { return float64(i*7919%1000) / 10 }

// sendFile sends a CSV file of n readings while it is written; nobody holds it.
func (b *bench) sendFile(ctx context.Context, metric string, n int) error {
	file, write := io.Pipe()
	go func() {
		line := []byte("time,value\n")
		buffer := make([]byte, 0, 64<<10)
		for i := range n {
			buffer = append(buffer, line...)
			line = strconv.AppendFloat(append(readingTime(i).AppendFormat(line[:0], time.RFC3339), ','), readingValue(i), 'f', -1, 64)
			line = append(line, '\n')
			if len(buffer) > 60<<10 {
				if _, err := write.Write(buffer); err != nil {
					return // the answer says why
				}
				buffer = buffer[:0]
			}
		}
		_, err := write.Write(append(buffer, line...))
		_ = write.CloseWithError(err)
	}()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+b.program.addr+metric+":import?mode=IMPORT_MODE_VALID_LINES", file)
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "text/csv")
	request.Header.Set("Authorization", "Bearer "+b.token)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	var said struct {
		Imported int `json:"imported"`
	}
	if err := json.Unmarshal(body, &said); err != nil || answer.StatusCode != http.StatusOK || said.Imported != n {
		return refused(answer.StatusCode, body)
	}
	return nil
}

// watchMemory looks at the program's memory until stop is called.
func (b *bench) watchMemory() (stop func(), most *int64) {
	done := make(chan struct{})
	var watching sync.WaitGroup
	most = new(int64)
	watching.Go(func() {
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				*most = max(*most, b.program.memory())
			}
		}
	})
	return func() { close(done); watching.Wait() }, most
}
