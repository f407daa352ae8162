package netlab

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"time"

	"github.com/jsimonetti/rtnetlink/v2/driver"
)

// SnoopWithQuerier turns IGMP and MLD snooping on as it should be: the switch
// itself asks who listens, first after 1 s and then every 2 s.
func (s *Switch) SnoopWithQuerier() (heal func()) {
	s.lab.tb.Helper()
	return s.lab.healer("snooping", s.flood, s.bridge(driver.Bridge{
		McastSnooping: ptr(driver.BridgeEnableEnabled), McastQuerier: ptr(driver.BridgeEnableEnabled),
		McastQueryIntvl: ptr(uint64(200)), McastStartupQueryIntvl: ptr(uint64(100)),
		McastQueryResponseIntvl: ptr(uint64(50)), McastMembershipIntvl: ptr(uint64(1000)),
	}))
}

// SnoopWithoutQuerier turns snooping on in a net whose querier went away: the
// switch forgets each group when the given time has passed since its last report,
// and no one asks again. IPv6 is flooded as before.
func (s *Switch) SnoopWithoutQuerier(membership time.Duration) (heal func()) {
	s.lab.tb.Helper()
	err := s.bridge(driver.Bridge{
		McastSnooping: ptr(driver.BridgeEnableEnabled), McastQuerier: ptr(driver.BridgeEnableDisabled),
		// The bridge floods unless it has heard a querier. One query of another one,
		// which then keeps silent, makes it believe in that for an hour.
		McastQuerierIntvl:    ptr(uint64(360000)),
		McastMembershipIntvl: ptr(uint64(membership / (10 * time.Millisecond))),
	})
	if err == nil {
		err = s.queryOnce()
	}
	return s.lab.healer("snooping without a querier", s.flood, err)
}

func (s *Switch) bridge(settings driver.Bridge) error {
	c, err := dial(s.ns)
	if err != nil {
		return err
	}
	defer c.Close()
	return c.setBridge(bridge(0), settings)
}

// flood is a switch without snooping.
func (s *Switch) flood() error {
	c, err := dial(s.ns)
	if err != nil {
		return err
	}
	defer c.Close()
	if _, err := c.get("qr"); err == nil {
		if err := c.delete("qr"); err != nil {
			return err
		}
	}
	return c.setBridge(bridge(0), driver.Bridge{
		McastSnooping: ptr(driver.BridgeEnableDisabled), McastQuerier: ptr(driver.BridgeEnableDisabled),
	})
}

// queryOnce plugs in another querier, 10.77.0.254, that asks once.
func (s *Switch) queryOnce() error {
	c, err := dial(s.ns)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.addVeth("qr", "qrx", nil, nil); err != nil {
		return err
	}
	if err := errors.Join(c.master("qr", bridge(0)), c.up("qr"), c.up("qrx")); err != nil {
		return err
	}
	if err := errors.Join(c.waitUp("qrx"), s.waitForwarding(c, "qr")); err != nil {
		return err
	}
	return s.ns.do(func() error {
		f, err := relaySocket("qrx")
		if err != nil {
			return err
		}
		defer f.Close()
		if _, err = f.Write(append(make([]byte, 10), generalQuery(netip.MustParseAddr("10.77.0.254"))...)); err != nil { // no offload
			return err
		}
		time.Sleep(queryResponse + 50*time.Millisecond) // the bridge floods until the answers were due
		return nil
	})
}

// queryResponse is how long the hosts may take to answer.
const queryResponse = 100 * time.Millisecond

// generalQuery is a frame with an IGMPv3 general query (RFC 3376 section 4.1):
// robustness 2, every 125 s.
func generalQuery(src netip.Addr) []byte {
	igmp := []byte{0x11, byte(queryResponse / (100 * time.Millisecond)), 0, 0, 0, 0, 0, 0, 2, 125, 0, 0}
	binary.BigEndian.PutUint16(igmp[2:], checksum(igmp))
	ip := []byte{0x46, 0xc0, 0, 36, 0, 0, 0x40, 0, 1, 2, 0, 0}
	ip = append(ip, src.AsSlice()...)
	ip = append(ip, 224, 0, 0, 1, 0x94, 4, 0, 0) // with the router alert option
	binary.BigEndian.PutUint16(ip[10:], checksum(ip))
	frame := []byte{0x01, 0x00, 0x5e, 0, 0, 1, 0x02, 0x77, 0, 0, 0, 254, 0x08, 0x00}
	return append(append(frame, ip...), igmp...)
}

// checksum is that of the internet protocols (RFC 1071) over an even number of bytes.
func checksum(b []byte) uint16 {
	var sum uint32
	for i := 0; i < len(b); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(b[i:]))
	}
	for sum>>16 != 0 {
		sum = sum&0xffff + sum>>16
	}
	return ^uint16(sum)
}
