// Package wire converts between this service's domain and its contract. It holds no rules.
package wire
