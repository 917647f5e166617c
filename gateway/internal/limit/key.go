// Package limit bounds what one caller or one address may take of the gateway. Everything is kept in memory, is bounded
// itself, and is forgotten when the process ends.
package limit

import "net/netip"

// Key is who is counted: a caller, or the network that somebody unknown comes from.
type Key struct {
	caller  string
	network netip.Prefix
}

// OfCaller is the key of a caller, by whatever tells callers apart.
func OfCaller(caller string) Key { return Key{caller: caller} }

// OfAddress is the key of an address. An IPv6 address counts with its /64: one machine has all of that.
func OfAddress(address netip.Addr) Key {
	address = address.Unmap().WithZone("")
	bits := 32
	if address.Is6() {
		bits = 64
	}
	network, err := address.Prefix(bits)
	if err != nil { // an unknown address has no prefix; all of them count together
		return Key{}
	}
	return Key{network: network}
}

// maxKeys bounds the memory of each table, about 200 bytes for each key.
const maxKeys = 10_000

// makeRoom drops what is spent, and, if that is too little, others until a tenth of the table is free. Whom it hits is chance:
// whoever fills the table from many addresses cannot choose.
func makeRoom[V any](table map[Key]V, spent func(V) bool) {
	for key, value := range table {
		if spent(value) {
			delete(table, key)
		}
	}
	for key := range table {
		if len(table) < maxKeys*9/10 {
			return
		}
		delete(table, key)
	}
}
