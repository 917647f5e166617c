package domain

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// maxID is how many characters of a sender's id are kept as they are: with a word before it, it is a source key.
const maxID = 180

// keptID is a sender's id as it is kept: one that is too long, or has characters that cannot be shown, is known by its hash.
func keptID(id string) string {
	id = strings.TrimSpace(id)
	if utf8.RuneCountInString(id) <= maxID && id == shownText(id) {
		return id
	}
	sum := sha256.Sum256([]byte(id))
	return "sha256-" + hex.EncodeToString(sum[:])
}

// deliveryID is the sender's id of a delivery or, when there is none, the hash of what was sent, by which a repetition is known as well.
func deliveryID(id string, body []byte) string {
	if id = keptID(id); id != "" {
		return id
	}
	sum := sha256.Sum256(body)
	return "sha256-" + hex.EncodeToString(sum[:])
}

// digestOf is the hash of what an event says: of JSON, whatever the order of its members and the space between them.
func digestOf(kind string, body []byte) string {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber() // numbers as they stand, not rounded
	var said any
	if decoder.Decode(&said) == nil && !decoder.More() {
		if sorted, err := json.Marshal(said); err == nil {
			body = sorted
		}
	}
	sum := sha256.Sum256(append([]byte(kind+"\n"), body...))
	return hex.EncodeToString(sum[:])
}

// Reused tells whether a delivery has the id of one that came before and says something else.
func (d Delivery) Reused(known Delivery) bool {
	return d.Digest != "" && known.Digest != "" && d.Digest != known.Digest
}

// RefuseReused refuses an event whose id was used for another one: taking it for known would drop it, and taking it for new would count
// twice what is the same.
func (e ReceivedEvent) RefuseReused(known Delivery) ReceivedEvent {
	return e.refuse("", "DELIVERY_ID_REUSED", "A delivery with this id came on "+known.ReceiveTime.UTC().Format(time.RFC3339)+
		" and said something else. Nothing of this one was taken. Send it again with an id of its own; what the first one said wrongly is mended by a new event.")
}

// shownText is a text without what cannot be shown.
func shownText(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == utf8.RuneError || unicode.Is(unicode.Bidi_Control, r) {
			return -1
		}
		return r
	}, s)
}

// clip is at most so many characters of a text.
func clip(s string, most int) string {
	for i := range s {
		if most == 0 {
			return s[:i] + "…"
		}
		most--
	}
	return s
}

// isHash tells whether a text is the whole hash of a commit.
func isHash(s string) bool {
	return (len(s) == 40 || len(s) == 64) && strings.Trim(s, "0123456789abcdefABCDEF") == ""
}
