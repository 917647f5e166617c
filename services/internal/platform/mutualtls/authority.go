package mutualtls

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"time"
)

// How long certificates of an Authority last.
const (
	// AuthorityLifetime is that of the authority itself.
	AuthorityLifetime = 10 * 365 * 24 * time.Hour
	// Lifetime is that of what it issues.
	Lifetime = 365 * 24 * time.Hour
	// backdated lets machines whose clocks are behind accept a new certificate.
	backdated = 5 * time.Minute
)

// Authority issues the certificates of one installation.
type Authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// NewAuthority makes an authority that begins at now.
func NewAuthority(now time.Time) (*Authority, error) {
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: "Fortnight authority"}, NotBefore: now.Add(-backdated), NotAfter: now.Add(AuthorityLifetime),
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	certificate, err := sign(template, template, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	return &Authority{certificate, key}, nil
}

// ReadAuthority reads the authority that Write left in a directory; the error is fs.ErrNotExist when there is none.
func ReadAuthority(directory string) (*Authority, error) {
	pair, err := tls.LoadX509KeyPair(filepath.Join(directory, "ca.crt"), filepath.Join(directory, "ca.key"))
	if err != nil {
		return nil, fmt.Errorf("the authority in %s: %w", directory, err)
	}
	key, ok := pair.PrivateKey.(*ecdsa.PrivateKey)
	if !ok || !pair.Leaf.IsCA {
		return nil, fmt.Errorf("ca.crt in %s is no authority that this program made", directory)
	}
	return &Authority{pair.Leaf, key}, nil
}

// Issue makes a certificate for a process, as server and as client, in force from now on under all the hosts: names and
// IP addresses.
func (a *Authority) Issue(name string, hosts []string, now time.Time) (certificate, key []byte, err error) {
	if len(hosts) == 0 {
		return nil, nil, errors.New("a certificate without a host proves nothing")
	}
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: name}, NotBefore: now.Add(-backdated), NotAfter: now.Add(Lifetime),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if template.NotAfter.After(a.certificate.NotAfter) {
		template.NotAfter = a.certificate.NotAfter
	}
	for _, host := range hosts {
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	signed, err := sign(template, a.certificate, &private.PublicKey, a.key)
	if err != nil {
		return nil, nil, err
	}
	key, err = pemKey(private)
	return pemCertificate(signed), key, err
}

// Certificate is the authority's own certificate in PEM form.
func (a *Authority) Certificate() []byte { return pemCertificate(a.certificate) }

// Write leaves the authority in a directory: ca.crt, which everybody may see, and ca.key, which can let anybody in.
func (a *Authority) Write(directory string) error {
	key, err := pemKey(a.key)
	if err != nil {
		return err
	}
	if err := WriteFile(filepath.Join(directory, "ca.key"), key); err != nil {
		return err
	}
	return WriteFile(filepath.Join(directory, "ca.crt"), a.Certificate())
}

// WriteFile replaces a file as a whole, so that nobody reads half of it; only its owner may read it.
func WriteFile(path string, content []byte) error {
	temporary, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*") // 0600
	if err != nil {
		return err
	}
	_, err = temporary.Write(content)
	if err := errors.Join(err, temporary.Close()); err != nil {
		return errors.Join(err, os.Remove(temporary.Name()))
	}
	return os.Rename(temporary.Name(), path)
}

// Missing tells whether an error of ReadAuthority means that there is nothing at all.
func Missing(err error) bool { return errors.Is(err, fs.ErrNotExist) }

func sign(template, parent *x509.Certificate, public *ecdsa.PublicKey, key *ecdsa.PrivateKey) (*x509.Certificate, error) {
	// Without a number, CreateCertificate makes a random one.
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, key)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

func pemCertificate(certificate *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw})
}

func pemKey(key *ecdsa.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}
