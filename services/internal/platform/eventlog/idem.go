package eventlog

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

const (
	// answerTTL is how long an answer is kept; it is published.
	answerTTL = 24 * time.Hour
	// purgeBatch bounds one transaction of PurgeIdempotency.
	purgeBatch = 500

	reasonKeyReused = "IDEMPOTENCY_KEY_REUSED"
)

// key is a request id of one caller and method. Neither of them is stored: id is a hash of them, and secret, another hash,
// seals the answer, because some answers hold what is shown once and stored nowhere else. Request ids may be as weak as "1", and
// callers and requests are easily guessed: only with the key of the installation do the hashes keep that to themselves.
type key struct {
	id      [16]byte
	secret  [sha256.Size]byte
	request [sha256.Size]byte
}

// WithInstallationKey sets the key that the hashes of request ids are made with. It lies outside of the database and is the same at
// every start: with another one, what was answered before is not found again. Without a key the hashes are plain.
func WithInstallationKey(installation []byte) Option {
	return func(l *Log) { l.installation = installation }
}

// InstallationKey is the key of the installation, for what only its processes may read in a copy of the database; empty when there is
// none. Nobody uses it as it is: keys are derived from it, each for a purpose.
func (l *Log) InstallationKey() []byte { return l.installation }

// digest hashes data for a purpose; no hash of one purpose is good for another.
func (l *Log) digest(purpose string, data []byte) (sum [sha256.Size]byte) {
	if len(l.installation) == 0 {
		return sha256.Sum256(data)
	}
	mac := hmac.New(sha256.New, l.installation)
	_, _ = mac.Write([]byte("idempotency " + purpose + "|")) // never fails
	_, _ = mac.Write(data)
	mac.Sum(sum[:0])
	return sum
}

func (l *Log) newKey(principal, requestID string, req proto.Message) (key, error) {
	body, err := proto.MarshalOptions{Deterministic: true}.Marshal(req)
	if err != nil {
		return key{}, fault.From(err)
	}
	// Every method has a request message of its own.
	parts := principal + "|" + string(req.ProtoReflect().Descriptor().FullName()) + "|" + requestID
	k := key{secret: l.digest("answer", []byte("answer|"+parts)), request: l.digest("request", body)}
	sum := l.digest("key", []byte("key|"+parts))
	copy(k.id[:], sum[:])
	// Hashes fall all over the index, and each costs a page of its own. A UUIDv7 begins with its time: led by that, new keys
	// are neighbours.
	if id, err := uuid.Parse(requestID); err == nil && id.Version() == 7 {
		copy(k.id[:6], id[:6])
	}
	return k, nil
}

// claim inserts the key's row, or takes over an expired one. A key that is taken is errKeyTaken.
func (k key) claim(tx *Tx, answer []byte) error {
	now := tx.Now()
	n, err := tx.Exec(`insert into idem (key, request_hash, answer, created_at, expires_at) values ($1, $2, $3, $4, $5)
		on conflict (key) do update set request_hash = excluded.request_hash, answer = excluded.answer,
			created_at = excluded.created_at, expires_at = excluded.expires_at
		where idem.expires_at <= excluded.created_at`,
		k.id[:], k.request[:], answer, db.Micros(now), db.Micros(now.Add(answerTTL)))
	if err != nil {
		return err
	}
	if n == 0 {
		return errKeyTaken
	}
	return nil
}

// kept returns the committed answer of the key, if there is one.
func (l *Log) kept(ctx context.Context, k key) (answer []byte, found bool, err error) {
	type row struct {
		RequestHash []byte `db:"request_hash"`
		Answer      []byte `db:"answer"`
	}
	r, found, err := db.One[row](ctx, l.db.Read(), "select request_hash, answer from idem where key = $1 and expires_at > $2",
		k.id[:], db.Micros(l.Now()))
	if err != nil || !found {
		return nil, false, err
	}
	if subtle.ConstantTimeCompare(r.RequestHash, k.request[:]) != 1 {
		return nil, false, fault.Invalid("request_id", reasonKeyReused, "This request id was used for another request; take a new one.")
	}
	if answer, err = k.open(r.Answer); err != nil {
		return nil, false, fault.New(fault.Internal, "ANSWER_UNREADABLE", "The answer given before cannot be read.").Because(err)
	}
	return answer, true, nil
}

func (k key) aead() (cipher.AEAD, error) {
	block, err := aes.NewCipher(k.secret[:])
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// seal encrypts an answer; a random nonce stands before it.
func (k key) seal(answer []byte) ([]byte, error) {
	aead, err := k.aead()
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, aead.NonceSize(), aead.NonceSize()+len(answer)+aead.Overhead())
	_, _ = rand.Read(nonce) // never fails
	return aead.Seal(nonce, nonce, answer, nil), nil
}

func (k key) open(sealed []byte) ([]byte, error) {
	aead, err := k.aead()
	if err != nil {
		return nil, err
	}
	if len(sealed) < aead.NonceSize() {
		return nil, errors.New("the sealed answer is too short")
	}
	return aead.Open(nil, sealed[:aead.NonceSize()], sealed[aead.NonceSize():], nil)
}

// PurgeIdempotency deletes the answers that are older than 24 hours, in small transactions, and returns how many.
func (l *Log) PurgeIdempotency(ctx context.Context) (int64, error) {
	var total int64
	for {
		var n int64
		err := l.db.Write(ctx, func(tx *db.Tx) (err error) {
			// Rows expire in the order they were made, so the oldest tell whether there is anything to do.
			n, err = tx.Exec("delete from idem where row_id in (select row_id from idem order by row_id limit $1) and expires_at <= $2",
				purgeBatch, db.Micros(tx.Now()))
			return err
		})
		if err != nil {
			return total, err
		}
		total += n
		if n < purgeBatch {
			return total, nil
		}
	}
}
