package main

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/config"
)

// Settings are the program's settings. Each is a variable of the environment or a line of the settings file; each secret
// also has a twin that names a file (`…_FILE`).
type Settings struct {
	HTTPAddr         string        `env:"FORTNIGHT_HTTP_ADDR" default:"127.0.0.1:8080" doc:"address of REST and pages"`
	GRPCAddr         string        `env:"FORTNIGHT_GRPC_ADDR" doc:"address of gRPC; none when empty"`
	AdminAddr        string        `env:"FORTNIGHT_ADMIN_ADDR" doc:"address of metrics and profiles; none when empty"`
	PublicURL        string        `env:"FORTNIGHT_PUBLIC_URL" doc:"how users reach this installation, for links"`
	DataDir          string        `env:"FORTNIGHT_DATA_DIR" doc:"directory of the databases and of the embedded broker"`
	DatabaseURL      config.Secret `env:"FORTNIGHT_DATABASE_URL" doc:"postgres://… ; SQLite in the data directory when empty"`
	NATSURL          config.Secret `env:"FORTNIGHT_NATS_URL" doc:"tls://… or nats://… ; a broker inside the program, without a port, when empty"`
	NATSReplicas     int           `env:"FORTNIGHT_NATS_REPLICAS" default:"1" doc:"copies of each stream in a NATS cluster"`
	NATSCreds        string        `env:"FORTNIGHT_NATS_CREDENTIALS_FILE" doc:"file with what this program signs in with at the broker"`
	NATSCA           string        `env:"FORTNIGHT_NATS_CA_FILE" doc:"authority of the broker's certificate; that of FORTNIGHT_TLS_CA_FILE when empty"`
	ServiceAddrs     string        `env:"FORTNIGHT_SERVICE_ADDRS" doc:"where the services of other processes are: cycle=host:port,identity=host:port"`
	ServiceKey       config.Secret `env:"FORTNIGHT_SERVICE_KEY" doc:"secret that the processes of one installation share"`
	BootstrapToken   config.Secret `env:"FORTNIGHT_BOOTSTRAP_TOKEN" doc:"first admin token of an empty installation, 20 characters at least"`
	ProvisioningFile string        `env:"FORTNIGHT_PROVISIONING_FILE" doc:"file that says which users, teams, members and tokens there are; see docs/provisioning.md"`
	TLSCert          string        `env:"FORTNIGHT_TLS_CERT_FILE" doc:"this process's certificate towards the other processes"`
	TLSKey           string        `env:"FORTNIGHT_TLS_KEY_FILE" doc:"private key of that certificate"`
	TLSCA            string        `env:"FORTNIGHT_TLS_CA_FILE" doc:"authority that the certificates of all processes come from"`
	AuditRetention   time.Duration `env:"FORTNIGHT_AUDIT_RETENTION" default:"9600h" doc:"how long the audit log is kept, 720h at least; 0 keeps it for ever"`
	AllowPlaintext   bool          `env:"FORTNIGHT_ALLOW_PLAINTEXT" doc:"let services talk in plain text beyond this machine"`
	Reflection       bool          `env:"FORTNIGHT_REFLECTION" doc:"let gRPC clients ask for the contracts"`
	LogFormat        string        `env:"FORTNIGHT_LOG_FORMAT" default:"text" oneof:"text,json" doc:"form of the log"`
	LogLevel         string        `env:"FORTNIGHT_LOG_LEVEL" default:"warn" oneof:"debug,info,warn,error" doc:"from which level on is logged"`
	DrainDelay       time.Duration `env:"FORTNIGHT_DRAIN_DELAY" default:"0s" doc:"how long to go on serving, unready, after a stop was asked for"`
	StopTimeout      time.Duration `env:"FORTNIGHT_STOP_TIMEOUT" default:"20s" doc:"how long running requests may take after that"`
	SignInSettings
	LimitSettings
	// DisableFill is there so that the game day can prove that filling is needed. Nobody else has a use for it.
	DisableFill bool `env:"FORTNIGHT_DISABLE_FILL" doc:"for tests of Fortnight itself: events that the broker lost are not fetched from the logs"`
}

// settingsFileKey is the variable that names the settings file.
const settingsFileKey = "FORTNIGHT_CONFIG_FILE"

func loadSettings() (Settings, []config.Setting, error) {
	var settings Settings
	shown, err := config.Load(&settings, config.Options{
		Environ: os.Environ(), FileKey: settingsFileKey, Prefix: "FORTNIGHT_",
		// What the scripts under examples/ and the client commands read.
		Ignore: []string{"FORTNIGHT_URL", "FORTNIGHT_TOKEN"},
	})
	return settings, shown, err
}

// Check refuses settings that cannot go together.
func (s *Settings) Check() []string {
	var problems []string
	if _, err := s.serviceAddrs(); err != nil {
		problems = append(problems, err.Error())
	}
	if s.PublicURL != "" {
		if u, err := url.Parse(s.PublicURL); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || strings.Trim(u.Path, "/") != "" {
			problems = append(problems, "FORTNIGHT_PUBLIC_URL is no address such as https://kata.example.com, without a path")
		}
	}
	if _, err := s.trustedProxies(); err != nil {
		problems = append(problems, err.Error())
	}
	if at := s.DatabaseURL.Reveal(); at != "" && !strings.HasPrefix(at, "postgres://") && !strings.HasPrefix(at, "postgresql://") {
		problems = append(problems, "FORTNIGHT_DATABASE_URL begins with neither postgres:// nor postgresql://; leave it empty for SQLite")
	}
	if key := s.ServiceKey.Reveal(); key != "" && len(key) < 20 {
		problems = append(problems, "FORTNIGHT_SERVICE_KEY is shorter than 20 characters")
	}
	return append(append(problems, s.checkTLS()...), s.checkBroker()...)
}

// serviceAddrs reads where the services of other processes are.
func (s *Settings) serviceAddrs() (map[string]string, error) {
	addrs := map[string]string{}
	for pair := range strings.SplitSeq(s.ServiceAddrs, ",") {
		if pair = strings.TrimSpace(pair); pair == "" {
			continue
		}
		name, addr, found := strings.Cut(pair, "=")
		if !found || !isService(name) {
			return nil, fmt.Errorf("FORTNIGHT_SERVICE_ADDRS: %q is no service=host:port; services are %s", pair, strings.Join(serviceNames(), ", "))
		}
		addrs[name] = addr
	}
	return addrs, nil
}

// isLoopback tells whether only this machine reaches the address.
func isLoopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
