package store

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// sealedIn is what the length of a sealed document is a multiple of, in bytes, so that it does not tell what was added.
const sealedIn = 4096

// seal writes a document so that only who has the key of the installation, which lies outside of the database, can read it: AES-256-GCM
// under a key derived from it for the name, in base64. Engines keep older versions of a row for a while, in their write-ahead logs and free
// pages; laid side by side, versions in the clear would show which mark came with which tap.
func seal(key []byte, name string, doc any) (string, error) {
	plain, err := json.Marshal(doc)
	if err != nil {
		return "", fault.From(err)
	}
	aead, err := sealer(key, name)
	if err != nil {
		return "", err
	}
	plain = append(plain, bytes.Repeat([]byte{' '}, sealedIn-len(plain)%sealedIn)...) // blanks after JSON are no part of it
	nonce := make([]byte, aead.NonceSize(), aead.NonceSize()+len(plain)+aead.Overhead())
	_, _ = rand.Read(nonce) // never fails
	return base64.StdEncoding.EncodeToString(aead.Seal(nonce, nonce, plain, []byte(name))), nil
}

// unseal reads what seal wrote; false when it was sealed with another key.
func unseal(key []byte, name, sealed string, doc any) bool {
	raw, err := base64.StdEncoding.DecodeString(sealed)
	if err != nil {
		return false
	}
	aead, err := sealer(key, name)
	if err != nil || len(raw) < aead.NonceSize() {
		return false
	}
	plain, err := aead.Open(nil, raw[:aead.NonceSize()], raw[aead.NonceSize():], []byte(name))
	return err == nil && json.Unmarshal(plain, doc) == nil
}

func sealer(key []byte, name string) (cipher.AEAD, error) {
	mac := hmac.New(sha256.New, key)
	_, _ = mac.Write([]byte("sealed|" + name)) // never fails
	block, err := aes.NewCipher(mac.Sum(nil))
	if err != nil {
		return nil, fault.From(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fault.From(err)
	}
	return aead, nil
}
