package live

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"maps"
	"math"
	"slices"
)

// Position is how far a client has read in each source's log. Written down it is the id of a frame, and comes back as
// Last-Event-ID.
type Position map[string]Point

// Point is a place in one log.
type Point struct {
	// Epoch is the log's epoch; it changes when the service is restored from a backup.
	Epoch string
	// Sequence is the last event that was read.
	Sequence int64
}

// Limits of a position, far above what an installation has. They bound what a hostile header can cost.
const (
	maxEncoded = 4096
	maxSources = 64
	maxName    = 63
	maxEpoch   = 64
)

// The form, before base64url: the version, then for each source in order of name its name, its epoch and its sequence.
// A UUID, which an epoch usually is, takes 16 bytes.
const (
	version   = 1
	epochText = 0
	epochUUID = 1
)

var errPosition = errors.New("no position")

// String writes the position for an id; "" for an empty one.
func (p Position) String() string {
	if len(p) == 0 {
		return ""
	}
	raw := []byte{version}
	for _, source := range slices.Sorted(maps.Keys(p)) {
		point := p[source]
		raw = appendText(raw, source)
		if id, ok := parseUUID(point.Epoch); ok {
			raw = append(append(raw, epochUUID), id...)
		} else {
			raw = appendText(append(raw, epochText), point.Epoch)
		}
		raw = binary.AppendUvarint(raw, uint64(max(0, point.Sequence)))
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}

// ParsePosition reads what String has written; "" is the empty position.
func ParsePosition(s string) (Position, error) {
	if s == "" {
		return Position{}, nil
	}
	if len(s) > maxEncoded {
		return nil, errPosition
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || len(raw) == 0 || raw[0] != version {
		return nil, errPosition
	}
	rest := reader(raw[1:])
	position := Position{}
	for len(rest) > 0 {
		source, okSource := rest.text(maxName)
		epoch, okEpoch := rest.epoch()
		sequence, okSequence := rest.number()
		_, double := position[source]
		if !okSource || source == "" || !okEpoch || !okSequence || double || len(position) == maxSources {
			return nil, errPosition
		}
		position[source] = Point{Epoch: epoch, Sequence: sequence}
	}
	return position, nil
}

func appendText(raw []byte, s string) []byte {
	return append(binary.AppendUvarint(raw, uint64(len(s))), s...)
}

// reader takes the parts of a position off its front.
type reader []byte

func (r *reader) number() (int64, bool) {
	n, size := binary.Uvarint(*r)
	if size <= 0 || n > math.MaxInt64 {
		return 0, false
	}
	*r = (*r)[size:]
	return int64(n), true
}

func (r *reader) text(most int64) (string, bool) {
	n, ok := r.number()
	if !ok || n > most || n > int64(len(*r)) {
		return "", false
	}
	s := string((*r)[:n])
	*r = (*r)[n:]
	return s, true
}

func (r *reader) epoch() (string, bool) {
	if len(*r) == 0 {
		return "", false
	}
	kind := (*r)[0]
	*r = (*r)[1:]
	switch {
	case kind == epochText:
		return r.text(maxEpoch)
	case kind == epochUUID && len(*r) >= 16:
		id := (*r)[:16]
		*r = (*r)[16:]
		h := hex.EncodeToString(id)
		return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:], true
	default:
		return "", false
	}
}

// parseUUID reads a UUID in its canonical form, so that it is written again exactly as it was.
func parseUUID(s string) ([]byte, bool) {
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return nil, false
	}
	digits := s[:8] + s[9:13] + s[14:18] + s[19:23] + s[24:]
	for i := range len(digits) {
		if c := digits[i]; !(c >= '0' && c <= '9' || c >= 'a' && c <= 'f') {
			return nil, false
		}
	}
	id, err := hex.DecodeString(digits)
	return id, err == nil
}
