// Package tlspsk is the TLS of a Tomcat cluster whose channel has pskIdentity and
// pskKey: handshakes that are authenticated by a pre-shared key alone, and the
// records after them. It has both sides of
//
//   - TLS 1.3 with an external PSK and (EC)DHE: psk_dhe_ke (RFC 8446 sections 2.2
//     and 4.2.11), TLS_AES_128_GCM_SHA256 or TLS_AES_256_GCM_SHA384, X25519 or P-256;
//   - TLS 1.2 with PSK-AES128-GCM-SHA256 or PSK-AES256-GCM-SHA384 (RFC 4279, RFC 5487),
//     with the extended master secret (RFC 7627) where the other side has it.
//
// crypto/tls has no external pre-shared keys, so this is the project's own, on the
// standard library's primitives.
//
// It is not a general TLS: no certificates, no resumption, no early data, no
// HelloRetryRequest, no renegotiation, no other suites. A server that answers without
// the pre-shared key is an error, never a connection: a peer that shows a certificate
// has not proved that it has the key (CVE-2026-133325). It has had no review by
// cryptographers; use it to ask and to take part in a cluster for diagnosis, not to
// protect data of value.
package tlspsk
