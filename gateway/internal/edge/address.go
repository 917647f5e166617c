package edge

import (
	"net/http"
	"net/netip"
	"regexp"
	"strings"
)

// Proxies are the networks whose word about where a request came from is believed.
type Proxies []netip.Prefix

func (p Proxies) trusts(address netip.Addr) bool {
	for _, network := range p {
		if network.Contains(address) {
			return true
		}
	}
	return false
}

// peer is who has opened the connection.
func peer(r *http.Request) netip.Addr {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return at.Addr().Unmap().WithZone("")
}

// client is the address that a request comes from: the peer's, or, when that is a trusted proxy, the last address in
// X-Forwarded-For that is none. Each proxy writes at the end, so what a client has written itself stands to the left of what
// is read here; an entry that is no address ends the reading, for nobody can tell who wrote what is before it.
func (p Proxies) client(r *http.Request, peer netip.Addr) netip.Addr {
	if len(p) == 0 || !p.trusts(peer) {
		return peer
	}
	rest := strings.Join(r.Header.Values("X-Forwarded-For"), ",")
	for rest != "" {
		entry := rest
		if comma := strings.LastIndexByte(rest, ','); comma >= 0 {
			rest, entry = rest[:comma], rest[comma+1:]
		} else {
			rest = ""
		}
		next, ok := forwarded(strings.TrimSpace(entry))
		if !ok {
			return peer
		}
		if peer = next; !p.trusts(peer) {
			return peer
		}
	}
	return peer
}

// forwarded reads an entry of X-Forwarded-For: an address, with a port where the proxy writes one.
func forwarded(entry string) (netip.Addr, bool) {
	if address, err := netip.ParseAddr(entry); err == nil {
		return address.Unmap().WithZone(""), true
	}
	if at, err := netip.ParseAddrPort(entry); err == nil {
		return at.Addr().Unmap().WithZone(""), true
	}
	return netip.Addr{}, false
}

var host = regexp.MustCompile(`^[A-Za-z0-9._\-]+(:[0-9]+)?$|^\[[0-9A-Fa-f:.]+\](:[0-9]+)?$`)

// base is the address that the client has used, and whether it is https. Without an address that can be repeated safely, links
// are relative. What proxies say about it counts only from trusted ones, and only when the operator has not said it.
func (c Config) base(r *http.Request, peer netip.Addr) (base string, secure bool) {
	if c.PublicURL != "" {
		return strings.TrimSuffix(c.PublicURL, "/"), strings.HasPrefix(c.PublicURL, "https://")
	}
	name, secure := r.Host, r.TLS != nil
	if len(c.TrustedProxies) > 0 && c.TrustedProxies.trusts(peer) {
		switch r.Header.Get("X-Forwarded-Proto") {
		case "https":
			secure = true
		case "http":
			secure = false
		}
		if forwarded := r.Header.Get("X-Forwarded-Host"); host.MatchString(forwarded) {
			name = forwarded
		}
	}
	switch {
	case !host.MatchString(name):
		return "", secure
	case secure:
		return "https://" + name, true
	default:
		return "http://" + name, false
	}
}
