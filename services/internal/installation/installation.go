// Package installation runs the built program as an installation: seven services, a gateway and brokers, each a process of its own. The
// game day and the benchmark work on it.
package installation

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

var (
	// Sources are the services that requests write to.
	Sources = []string{"identity", "cycle", "experiment", "retrospective"}
	// Projections are those that live from the events of others.
	Projections = []string{"knowledge", "report", "notification"}
	// Services are all of them.
	Services = append(append([]string{}, Sources...), Projections...)
)

// The processes that are no services.
const (
	BrokerName  = "nats"
	GatewayName = "gateway"
)

// Programs are the built binaries.
type Programs struct{ Fortnight, Broker string }

// Installation is seven services, a gateway and one broker or several, each a process of its own.
type Installation struct {
	// Dir holds its data and logs.
	Dir string
	// Processes are all of them, by name.
	Processes map[string]*Process
	// Bootstrap is the token of the first admin.
	Bootstrap string

	programs Programs
	launcher *Launcher
	fell     func(name, how string)
	brokers  []string
	ports    map[string]int
	key      string
}

// New lays an installation out below dir, with so many brokers; more than one are a cluster that keeps three copies of each stream.
// Nothing runs yet. fell is told when a process ended although nobody ended it.
func New(dir string, programs Programs, launcher *Launcher, brokers int, fell func(name, how string)) (*Installation, error) {
	c := &Installation{
		Dir: dir, programs: programs, launcher: launcher, fell: fell,
		ports: map[string]int{}, Processes: map[string]*Process{}, key: rand.Text(), Bootstrap: rand.Text(),
	}
	for i := range brokers {
		c.brokers = append(c.brokers, brokerName(i))
	}
	for _, d := range []string{"data", "logs"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o700); err != nil {
			return nil, err
		}
	}
	for _, name := range c.Names() {
		if err := c.Reserve(name); err != nil {
			return nil, err
		}
	}
	if brokers > 1 {
		for _, name := range c.brokers {
			if err := c.Reserve(route(name)); err != nil {
				return nil, err
			}
		}
	}
	for _, name := range c.brokers {
		if err := c.AddBroker(name); err != nil {
			return nil, err
		}
	}
	for _, name := range Services {
		c.AddService(name, name, c.brokers)
	}
	env := append(c.commonEnv(c.brokers), "FORTNIGHT_HTTP_ADDR="+c.Addr(GatewayName))
	c.add(GatewayName, c.programs.Fortnight, []string{"serve", "--services", GatewayName}, env)
	return c, nil
}

// brokerName is the name of the i-th broker.
func brokerName(i int) string {
	if i == 0 {
		return BrokerName
	}
	return BrokerName + "-" + strconv.Itoa(i+1)
}

// route is what the port is reserved as on which a broker meets the other brokers.
func route(broker string) string { return broker + " route" }

// Brokers are the names of the brokers.
func (c *Installation) Brokers() []string { return c.brokers }

// Names are all processes in the order in which they start.
func (c *Installation) Names() []string {
	return append(append(slices.Clone(c.brokers), Services...), GatewayName)
}

// Addr is where a process listens, host:port.
func (c *Installation) Addr(name string) string { return "127.0.0.1:" + strconv.Itoa(c.ports[name]) }

// Reserve finds a port for a process that is added.
func (c *Installation) Reserve(name string) error {
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

func (c *Installation) add(name, path string, args, env []string) {
	c.Processes[name] = &Process{
		Name: name, path: path, args: args, env: env, Log: filepath.Join(c.Dir, "logs", name+".log"), launcher: c.launcher,
		fell: c.fell,
	}
}

// AddBroker adds a nats-server that has every message on disk before it acknowledges it.
func (c *Installation) AddBroker(name string) error {
	config := filepath.Join(c.Dir, name+".conf")
	text := fmt.Sprintf("host: 127.0.0.1\nport: %d\nserver_name: %s\njetstream {\n  store_dir: %q\n  sync_interval: always\n  max_file_store: 32GB\n}\n",
		c.ports[name], name, c.storeDir(name)) + c.clusterConfig(name)
	c.add(name, c.programs.Broker, []string{"-c", config}, os.Environ())
	return os.WriteFile(config, []byte(text), 0o600)
}

// clusterConfig joins a broker with the others, when there are any.
func (c *Installation) clusterConfig(name string) string {
	if len(c.brokers) < 2 || !slices.Contains(c.brokers, name) {
		return ""
	}
	var routes []string
	for _, other := range c.brokers {
		routes = append(routes, "nats://"+c.Addr(route(other)))
	}
	return fmt.Sprintf("cluster {\n  name: fortnight\n  listen: %q\n  routes: [%s]\n}\n", c.Addr(route(name)), strings.Join(routes, ", "))
}

func (c *Installation) storeDir(broker string) string { return filepath.Join(c.Dir, "data", broker) }

// AddService adds a process that runs one service; its name differs from the service's when it is a second copy.
func (c *Installation) AddService(name, service string, brokers []string, extra ...string) {
	env := append(c.commonEnv(brokers), "FORTNIGHT_GRPC_ADDR="+c.Addr(name), "FORTNIGHT_DATA_DIR="+filepath.Join(c.Dir, "data", name))
	if service == "identity" {
		env = append(env, "FORTNIGHT_BOOTSTRAP_TOKEN="+c.Bootstrap)
	}
	c.add(name, c.programs.Fortnight, []string{"serve", "--services", service}, append(env, extra...))
}

func (c *Installation) commonEnv(brokers []string) []string {
	var addrs []string
	for _, name := range Services {
		addrs = append(addrs, name+"="+c.Addr(name))
	}
	var urls []string
	for _, broker := range brokers {
		urls = append(urls, "nats://"+c.Addr(broker))
	}
	env := []string{
		"FORTNIGHT_SERVICE_ADDRS=" + strings.Join(addrs, ","), "FORTNIGHT_SERVICE_KEY=" + c.key,
		"FORTNIGHT_NATS_URL=" + strings.Join(urls, ","), "FORTNIGHT_NATS_REPLICAS=" + strconv.Itoa(min(3, len(brokers))), "FORTNIGHT_LOG_FORMAT=json",
		"FORTNIGHT_RATE_LIMIT=0", "FORTNIGHT_STREAM_LIMIT=0", // one caller sends the whole load
	}
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "FORTNIGHT_") { // what the caller set for a program of their own
			env = append(env, variable)
		}
	}
	return env
}

// Database is the file of the service in the process of that name.
func (c *Installation) Database(name, service string) string {
	return filepath.Join(c.Dir, "data", name, service, service+".db")
}

// Start starts processes and waits until the gateway answers.
func (c *Installation) Start(ctx context.Context, names ...string) error {
	for _, name := range names {
		if err := c.Processes[name].Start(); err != nil {
			return err
		}
	}
	return c.listening(ctx, names...)
}

// listening waits until the processes take connections.
func (c *Installation) listening(ctx context.Context, names ...string) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for _, name := range names {
		for {
			conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", c.Addr(name))
			if err == nil {
				_ = conn.Close()
				break
			}
			if !Pause(ctx, 20*time.Millisecond) {
				return fmt.Errorf("%s does not listen: %w\n%s", name, err, LastLines(c.Processes[name].Log, 5))
			}
		}
	}
	return nil
}

// Each does something to several processes at once.
func (c *Installation) Each(names []string, do func(*Process)) {
	var all sync.WaitGroup
	for _, name := range names {
		all.Go(func() { do(c.Processes[name]) })
	}
	all.Wait()
}

// Close ends everything that runs, for good.
func (c *Installation) Close() {
	c.Each(slices.Collect(maps.Keys(c.Processes)), (*Process).Retire)
}

// WipeBroker kills a broker, takes its disk away and starts it again.
func (c *Installation) WipeBroker(name string) error {
	c.Processes[name].Kill()
	if err := os.RemoveAll(c.storeDir(name)); err != nil {
		return err
	}
	return c.Processes[name].Start()
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

// Pause waits; false means that ctx ended.
func Pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
