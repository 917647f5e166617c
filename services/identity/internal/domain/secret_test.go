package domain

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"log/slog"
	"regexp"
	"strings"
	"testing"
)

func TestSecretForm(t *testing.T) {
	seen := map[string]bool{}
	for _, fill := range []byte{0, 1, 0x7f, 0xff} {
		text := NewSecret(TokenSecret, [32]byte(bytes.Repeat([]byte{fill}, 32))).Reveal()
		if !regexp.MustCompile(`^fn_[0-9A-Za-z]{49}$`).MatchString(text) {
			t.Errorf("secret of %#x has another form: %s", fill, text)
		}
		body, sum := text[:len(text)-6], uint64(0)
		for _, digit := range text[len(text)-6:] {
			sum = sum*62 + uint64(strings.IndexRune(alphabet, digit))
		}
		if want := crc32.ChecksumIEEE([]byte(body)); sum != uint64(want) {
			t.Errorf("checksum of %s = %d, want %d", text, sum, want)
		}
		seen[text] = true
	}
	if len(seen) != 4 {
		t.Errorf("4 different random numbers made %d secrets", len(seen))
	}
}

func TestSecretHash(t *testing.T) {
	// sha256("abc"), FIPS 180-2
	if got := SentSecret("abc").Hash(); got != "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" {
		t.Errorf("hash = %s", got)
	}
}

func TestSecretIsMasked(t *testing.T) {
	secret, err := ChosenSecret("correct-horse-battery-staple")
	if err != nil {
		t.Fatal(err)
	}
	asJSON, err := json.Marshal(map[string]any{"secret": secret})
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("made", "secret", secret)
	for _, text := range []string{fmt.Sprint(secret), fmt.Sprintf("%v %+v %#v %s %q", secret, secret, secret, secret, secret), string(asJSON), log.String()} {
		if strings.Contains(text, "horse") {
			t.Errorf("the secret shows: %s", text)
		}
	}
	if secret.Reveal() != "correct-horse-battery-staple" {
		t.Error("Reveal must give the secret")
	}
}

func TestChosenSecretMustBeLong(t *testing.T) {
	if _, err := ChosenSecret(strings.Repeat("x", 19)); reason(t, err) != "SECRET_WEAK" {
		t.Errorf("19 characters: %v", err)
	}
	if _, err := ChosenSecret(strings.Repeat("x", 20)); err != nil {
		t.Errorf("20 characters: %v", err)
	}
}

func TestMalformedSecrets(t *testing.T) {
	good := NewSecret(TokenSecret, [32]byte{1, 2, 3}).Reveal()
	other := map[byte]string{'0': "1"}[good[10]]
	if other == "" {
		other = "0"
	}
	for name, test := range map[string]struct {
		text      string
		malformed bool
	}{
		"one that was made":      {good, false},
		"a digit is wrong":       {good[:10] + other + good[11:], true},
		"a digit is missing":     {good[:len(good)-1], true},
		"a digit too many":       {good + "0", true},
		"something behind":       {good + "\n", true},
		"no digit":               {good[:10] + "-" + good[11:], true},
		"nothing but the prefix": {TokenSecret, true},
		"invented":               {"fn_unknown", true},
		"another kind":           {NewSecret(SessionSecret, [32]byte{1}).Reveal(), false},
		"what a person chose":    {"correct-horse-battery-staple", false},
		"nothing":                {"", false},
		"the prefix in capitals": {strings.ToUpper(good), false}, // it is unknown
		"another kind's body":    {TokenSecret + NewSecret(LinkSecret, [32]byte{1}).Reveal()[len(LinkSecret):], true},
	} {
		if got := SentSecret(test.text).Malformed(); got != test.malformed {
			t.Errorf("%s: malformed = %v", name, got)
		}
	}
	for _, prefix := range []string{TokenSecret, SessionSecret, LinkSecret, BindingSecret} {
		for _, as := range []string{TokenSecret, SessionSecret, LinkSecret, BindingSecret} {
			if got := NewSecret(prefix, [32]byte{9}).WellFormed(as); got != (prefix == as) {
				t.Errorf("a secret %s is well formed as %s: %v", prefix, as, got)
			}
		}
	}
	if _, err := ChosenSecret("fn_that-i-made-up-myself"); reason(t, err) != "SECRET_MALFORMED" {
		t.Errorf("a chosen secret that would always be refused: %v", err)
	}
	if _, err := ChosenSecret(good); err != nil {
		t.Errorf("one that the program made: %v", err)
	}
}
