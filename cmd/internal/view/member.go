package view

import (
	"encoding/hex"
	"net/netip"

	"muster/internal/escape"
	"muster/tribes"
)

// Member is a member record in JSON, the same in every command.
type Member struct {
	Generation string `json:"generation"`
	// Host is the address; empty where the bytes are none.
	Host       string `json:"host"`
	HostHex    string `json:"host_hex"`
	Port       int32  `json:"port"`
	SecurePort int32  `json:"secure_port"`
	UDPPort    *int32 `json:"udp_port,omitempty"` // a v0 record has none
	AliveMS    int64  `json:"alive_ms"`
	UniqueID   string `json:"unique_id"`
	// Domain and Command are the bytes as escaped text.
	Domain     string `json:"domain"`
	DomainHex  string `json:"domain_hex"`
	Command    string `json:"command"`
	CommandHex string `json:"command_hex"`
	PayloadHex string `json:"payload_hex"`
	Shutdown   bool   `json:"shutdown"`
	Bytes      int    `json:"bytes"`
	// Tomcat names the releases that send records of this form.
	Tomcat string `json:"tomcat"`
	Source string `json:"source,omitempty"` // of the datagram, where there was one
}

// NewMember shares no memory with m. A source that is not valid is left out.
func NewMember(m *tribes.Member, source netip.AddrPort) Member {
	v := Member{
		Generation: m.Generation.String(),
		Tomcat:     m.Generation.Tomcat(),
		HostHex:    hex.EncodeToString(m.Host),
		Port:       m.Port,
		SecurePort: m.SecurePort,
		AliveMS:    m.Alive,
		UniqueID:   m.ID.String(),
		Domain:     escape.Bytes(m.Domain),
		DomainHex:  hex.EncodeToString(m.Domain),
		Command:    escape.Bytes(m.Command),
		CommandHex: hex.EncodeToString(m.Command),
		PayloadHex: hex.EncodeToString(m.Payload),
		Shutdown:   m.Shutdown(),
		Bytes:      m.Len(),
	}
	if a, ok := m.Addr(); ok {
		v.Host = a.String()
	}
	if m.Generation == tribes.V1 {
		port := m.UDPPort
		v.UDPPort = &port
	}
	if source.IsValid() {
		v.Source = netip.AddrPortFrom(source.Addr().Unmap(), source.Port()).String()
	}
	return v
}
