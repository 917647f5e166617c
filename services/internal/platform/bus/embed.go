package bus

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"syscall"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

const (
	startTimeout = 10 * time.Second
	// A stream reserves its size: the streams of all services and some room must fit into the store.
	maxStreamBytes = 256 << 20
	streamsPerBus  = 8
	minStore       = streamsPerBus << 20
	maxStore       = 8 << 30
)

// embed starts a broker inside the process: no port, every message on disk before it is acknowledged.
func (b *Bus) embed(cfg Config) error {
	if cfg.StoreDir == "" {
		return unavailable(errors.New("the embedded broker needs a directory"))
	}
	if err := os.MkdirAll(cfg.StoreDir, 0o700); err != nil {
		return unavailable(err)
	}
	store := cfg.MaxStore
	if store <= 0 {
		store = quarterOfFree(cfg.StoreDir)
	}
	b.limits = limits{age: 14 * 24 * time.Hour, bytes: min(maxStreamBytes, store/streamsPerBus)}
	s, err := server.NewServer(&server.Options{
		ServerName: cfg.Name, DontListen: true, JetStream: true, StoreDir: cfg.StoreDir, SyncAlways: true,
		JetStreamMaxStore: store, JetStreamMaxMemory: 64 << 20, NoSigs: true,
	})
	if err != nil {
		return unavailable(err)
	}
	s.SetLogger(serverLog{b.logger}, false, false)
	b.server = s
	s.Start()
	if !s.ReadyForConnections(startTimeout) || !s.JetStreamEnabled() {
		b.Close()
		return unavailable(errors.New("the embedded broker did not start"))
	}
	return nil
}

// quarterOfFree keeps the broker from filling the disk that the databases are on.
func quarterOfFree(dir string) int64 {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(dir, &fs); err != nil {
		return 1 << 30
	}
	free := int64(fs.Bavail) * int64(fs.Bsize) //nolint:unconvert // the types differ between systems
	return min(maxStore, max(minStore, free/4))
}

// serverLog passes on what the broker finds wrong; its notices are not news.
type serverLog struct{ l *slog.Logger }

func (s serverLog) Noticef(string, ...any) {}
func (s serverLog) Debugf(string, ...any)  {}
func (s serverLog) Tracef(string, ...any)  {}
func (s serverLog) Warnf(format string, v ...any) {
	s.l.Warn("embedded broker: " + fmt.Sprintf(format, v...))
}

func (s serverLog) Errorf(format string, v ...any) {
	s.l.Error("embedded broker: " + fmt.Sprintf(format, v...))
}
func (s serverLog) Fatalf(format string, v ...any) { s.Errorf(format, v...) }
