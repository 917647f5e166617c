package domain

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strings"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// DeliveryFormat is how delivery events are written.
type DeliveryFormat string

// The formats.
const (
	CDEventsFormat DeliveryFormat = "CDEVENTS"
	GitHubFormat   DeliveryFormat = "GITHUB"
	GitLabFormat   DeliveryFormat = "GITLAB"
	PlainFormat    DeliveryFormat = "PLAIN"
)

// previousSecretFor is how long a secret is good after there is a new one.
const previousSecretFor = 24 * time.Hour

// DeliverySource is something that tells of deployments and incidents of one service.
type DeliverySource struct {
	Name string `json:"name"`
	// Service is the application; the ids of its metrics begin with it.
	Service string `json:"service"`
	// Environments are those that count as production.
	Environments []string       `json:"environments"`
	Format       DeliveryFormat `json:"format"`
	// EventServices is what the events call the service, where that is not Service.
	EventServices []string `json:"eventServices,omitempty"`
	// Salt and PreviousSalt are what the secrets are made from, together with a key that is not in the database.
	Salt         string `json:"salt"`
	PreviousSalt string `json:"previousSalt,omitempty"`
	// PreviousExpireTime is until when the secret of PreviousSalt is good.
	PreviousExpireTime time.Time `json:"previousExpireTime,omitzero"`
	// DeleteTime is when the source was deleted.
	DeleteTime time.Time `json:"deleteTime,omitzero"`
}

// DeliverySourceEvent is what happened to a source: it was set up, it got a new secret, it was deleted.
type DeliverySourceEvent struct {
	Rotated, Deleted bool
}

// Team is the id of the team that the source belongs to.
func (s *DeliverySource) Team() string { return TeamOf(s.Name) }

// Deleted tells whether nothing is taken from the source any more.
func (s *DeliverySource) Deleted() bool { return !s.DeleteTime.IsZero() }

// Check tidies the names up, and refuses a source that could never take anything.
func (s *DeliverySource) Check() error {
	s.Environments = tidyNames(s.Environments)
	s.EventServices = tidyNames(s.EventServices)
	if len(s.Environments) == 0 {
		return fault.Invalid("delivery_source.environments", "REQUIRED", "Say which environments count as production, as the events call them.")
	}
	return nil
}

func tidyNames(list []string) []string {
	var tidy []string
	for _, name := range list {
		if name = strings.TrimSpace(name); name != "" && !holdsFold(tidy, name) {
			tidy = append(tidy, name)
		}
	}
	return tidy
}

func holdsFold(list []string, name string) bool {
	return slices.ContainsFunc(list, func(other string) bool { return strings.EqualFold(other, name) })
}

// Rotate makes the secret of salt the present one. The one before is good for 24 more hours, and the one before that no longer.
func (s *DeliverySource) Rotate(salt string, now time.Time) ([]DeliverySourceEvent, error) {
	if s.Deleted() {
		return nil, noSuchSource(s.Name)
	}
	s.PreviousSalt, s.PreviousExpireTime = s.Salt, now.Add(previousSecretFor)
	s.Salt = salt
	return []DeliverySourceEvent{{Rotated: true}}, nil
}

// Delete ends the source, and its secrets with it. What it told stays.
func (s *DeliverySource) Delete(now time.Time) ([]DeliverySourceEvent, error) {
	if s.Deleted() {
		return nil, noSuchSource(s.Name)
	}
	s.DeleteTime = now
	s.Salt, s.PreviousSalt, s.PreviousExpireTime = "", "", time.Time{}
	return []DeliverySourceEvent{{Deleted: true}}, nil
}

// Present refuses a source that was deleted, as one that never was.
func (s *DeliverySource) Present() error {
	if s.Deleted() {
		return noSuchSource(s.Name)
	}
	return nil
}

func noSuchSource(name string) error {
	return fault.New(fault.NotFound, "DELIVERY_SOURCE_NOT_FOUND", "There is no delivery source %q.", name)
}

// Secret is the present secret: `whsec_` and 32 bytes in base64, as Standard Webhooks writes secrets. It is kept nowhere: it is
// HMAC-SHA256 of the source's name and salt under a key that lies outside of the database, so that a copy of the database
// vouches for nobody.
func (s *DeliverySource) Secret(key []byte) string { return deliverySecret(key, s.Name, s.Salt) }

// Secrets are those that are good now, the present one first.
func (s *DeliverySource) Secrets(key []byte, now time.Time) []string {
	if s.Deleted() {
		return nil
	}
	good := []string{s.Secret(key)}
	if s.PreviousSalt != "" && now.Before(s.PreviousExpireTime) {
		good = append(good, deliverySecret(key, s.Name, s.PreviousSalt))
	}
	return good
}

func deliverySecret(key []byte, name, salt string) string {
	mac := hmac.New(sha256.New, key)
	_, _ = mac.Write([]byte("delivery secret|" + name + "|" + salt)) // never fails; neither part holds a bar
	return secretPrefix + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// Judge tells why the source ignores an event that was read; empty when it counts.
func (s *DeliverySource) Judge(f DeliveryFact) (reason, text string) {
	if f.Kind == CommitMade {
		return "", "" // a commit belongs to a repository; the deployment that names it says whose it is
	}
	if !s.takesService(f) {
		return "OTHER_SERVICE", "It is about " + inQuotes(f.Service) + ". This source takes what is about " +
			inQuotes(cmp.Or(strings.Join(s.EventServices, ", "), s.Service)) + "; set up another source for it, or name it in eventServices."
	}
	if f.Environment == "" && (f.Kind == IncidentOpened || f.Kind == IncidentResolved) {
		return "", "" // one of production, as nobody says otherwise
	}
	if !holdsFold(s.Environments, f.Environment) && (f.Tier == "" || !holdsFold(s.Environments, f.Tier)) {
		return "NOT_PRODUCTION", "It happened in " + inQuotes(f.Environment) + ". What counts here happens in " + inQuotes(strings.Join(s.Environments, ", ")) + "."
	}
	return "", ""
}

func (s *DeliverySource) takesService(f DeliveryFact) bool {
	name := f.Service
	switch {
	case name == "" && s.Format == CDEventsFormat && (f.Kind == IncidentOpened || f.Kind == IncidentResolved):
		return true // CDEvents leave it to the sender whether an incident names its service
	case len(s.EventServices) > 0:
		return holdsFold(s.EventServices, name)
	case name == "" || s.Format == GitHubFormat || s.Format == GitLabFormat:
		return true
	}
	return strings.EqualFold(name, s.Service)
}

func inQuotes(s string) string { return `"` + clip(s, 200) + `"` }
