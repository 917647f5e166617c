package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// sources are the services that requests write to, projections those that live from the events of others.
var (
	sources     = []string{"identity", "cycle", "experiment", "retrospective"}
	projections = []string{"knowledge", "report", "notification"}
	services    = append(append([]string{}, sources...), projections...)
)

const (
	brokerName  = "nats"
	gatewayName = "gateway"
)

// programs are the built binaries.
type programs struct{ fortnight, broker string }

// cluster is one installation: seven services, a gateway and a broker, each a process of its own.
type cluster struct {
	dir       string
	programs  programs
	launcher  *launcher
	findings  *findings
	ports     map[string]int
	processes map[string]*process
	key       string
	bootstrap string
}

// newCluster lays an installation out below dir. Nothing runs yet.
func newCluster(dir string, programs programs, launcher *launcher, findings *findings) (*cluster, error) {
	c := &cluster{
		dir: dir, programs: programs, launcher: launcher, findings: findings,
		ports: map[string]int{}, processes: map[string]*process{}, key: rand.Text(), bootstrap: rand.Text(),
	}
	for _, d := range []string{"data", "logs"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o700); err != nil {
			return nil, err
		}
	}
	for _, name := range c.names() {
		if err := c.reserve(name); err != nil {
			return nil, err
		}
	}
	if err := c.addBroker(brokerName); err != nil {
		return nil, err
	}
	for _, name := range services {
		c.addService(name, name, brokerName)
	}
	c.add(gatewayName, c.programs.fortnight, []string{"serve", "--services", gatewayName}, append(c.commonEnv(brokerName), "FORTNIGHT_HTTP_ADDR="+c.addr(gatewayName)))
	return c, nil
}

// names are all processes in the order in which they start.
func (c *cluster) names() []string {
	return append(append([]string{brokerName}, services...), gatewayName)
}

func (c *cluster) addr(name string) string { return "127.0.0.1:" + strconv.Itoa(c.ports[name]) }

func (c *cluster) reserve(name string) error {
	for {
		port, err := freePort()
		if err != nil {
			return err
		}
		if !slices.Contains(slices.Collect(maps.Values(c.ports)), port) {
			c.ports[name] = port
			return nil
		}
	}
}

func (c *cluster) add(name, path string, args, env []string) {
	c.processes[name] = &process{
		name: name, path: path, args: args, env: env, log: filepath.Join(c.dir, "logs", name+".log"), launcher: c.launcher,
		fell: func(name, how string) { c.findings.add("processes", "%s ended by itself: %s", name, how) },
	}
}

// addBroker adds a nats-server that has every message on disk before it acknowledges it.
func (c *cluster) addBroker(name string) error {
	config := filepath.Join(c.dir, name+".conf")
	text := fmt.Sprintf("host: 127.0.0.1\nport: %d\nserver_name: %s\njetstream {\n  store_dir: %q\n  sync_interval: always\n  max_file_store: 32GB\n}\n",
		c.ports[name], name, c.storeDir(name))
	c.add(name, c.programs.broker, []string{"-c", config}, os.Environ())
	return os.WriteFile(config, []byte(text), 0o600)
}

func (c *cluster) storeDir(broker string) string { return filepath.Join(c.dir, "data", broker) }

// addService adds a process that runs one service; its name differs from the service's when it is a second copy.
func (c *cluster) addService(name, service, broker string, extra ...string) {
	env := append(c.commonEnv(broker), "FORTNIGHT_GRPC_ADDR="+c.addr(name), "FORTNIGHT_DATA_DIR="+filepath.Join(c.dir, "data", name))
	if service == "identity" {
		env = append(env, "FORTNIGHT_BOOTSTRAP_TOKEN="+c.bootstrap)
	}
	c.add(name, c.programs.fortnight, []string{"serve", "--services", service}, append(env, extra...))
}

func (c *cluster) commonEnv(broker string) []string {
	var addrs []string
	for _, name := range services {
		addrs = append(addrs, name+"="+c.addr(name))
	}
	env := []string{
		"FORTNIGHT_SERVICE_ADDRS=" + strings.Join(addrs, ","), "FORTNIGHT_SERVICE_KEY=" + c.key,
		"FORTNIGHT_NATS_URL=nats://" + c.addr(broker), "FORTNIGHT_LOG_FORMAT=json",
		"FORTNIGHT_RATE_LIMIT=0", "FORTNIGHT_STREAM_LIMIT=0", // one caller sends the whole load
	}
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "FORTNIGHT_") { // what the caller set for a program of their own
			env = append(env, variable)
		}
	}
	return env
}

// database is the file of the service in the process of that name.
func (c *cluster) database(name, service string) string {
	return filepath.Join(c.dir, "data", name, service, service+".db")
}

// start starts processes and waits until the gateway answers.
func (c *cluster) start(ctx context.Context, names ...string) error {
	for _, name := range names {
		if err := c.processes[name].start(); err != nil {
			return err
		}
	}
	return c.listening(ctx, names...)
}

// listening waits until the processes take connections.
func (c *cluster) listening(ctx context.Context, names ...string) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for _, name := range names {
		for {
			conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", c.addr(name))
			if err == nil {
				_ = conn.Close()
				break
			}
			if !pause(ctx, 20*time.Millisecond) {
				return fmt.Errorf("%s does not listen: %w\n%s", name, err, lastLines(c.processes[name].log, 5))
			}
		}
	}
	return nil
}

// each does something to several processes at once.
func (c *cluster) each(names []string, do func(*process)) {
	var all sync.WaitGroup
	for _, name := range names {
		all.Go(func() { do(c.processes[name]) })
	}
	all.Wait()
}

// close ends everything that runs, for good.
func (c *cluster) close() {
	c.each(slices.Collect(maps.Keys(c.processes)), (*process).retire)
}

// wipeBroker kills a broker, takes its disk away and starts it again.
func (c *cluster) wipeBroker(name string) error {
	c.processes[name].kill()
	if err := os.RemoveAll(c.storeDir(name)); err != nil {
		return err
	}
	return c.processes[name].start()
}

// admit returns a client that acts for the first admin, whose token is the bootstrap token, once the installation answers.
func (c *cluster) admit(ctx context.Context) (*rest, error) {
	r := newRest("http://" + c.addr(gatewayName))
	r.token = c.bootstrap
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	a, err := r.get(ctx, "/v1/caller")
	if err == nil && !a.ok() {
		err = failure(nil, a)
	}
	return r, err
}

// freePort finds a port that nothing listens on. It stays below the range that the kernel gives to outgoing connections: a
// killed process must find its port free again.
func freePort() (int, error) {
	for range 200 {
		var b [2]byte
		_, _ = rand.Read(b[:]) // never fails
		port := 20000 + (int(b[0])<<8|int(b[1]))%12000
		listener, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(port))
		if err == nil {
			return port, listener.Close()
		}
	}
	return 0, errors.New("no free port between 20000 and 32000")
}

// pause waits; false means that ctx ended.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
