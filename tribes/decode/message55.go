package decode

import (
	"muster/tribes"
	"muster/tribes/interceptor"
	"muster/tribes/javaser"
	"muster/tribes/session"
)

// Message55 makes a channel message of the data of a 5.5's frame
// (tribes.ParseFrame55), so that all generations are shown alike: what was
// compressed is expanded, sender and time are those that the object names. It
// has no id and no options. limit bounds the expanded object, DefaultLimit if 0.
func Message55(data []byte, limit int) (tribes.ChannelData, error) {
	if limit <= 0 {
		limit = DefaultLimit
	}
	c := tribes.ChannelData{Address: tribes.Member{Generation: tribes.V55, SecurePort: -1, UDPPort: -1}, Message: data}
	if interceptor.IsGzip(data) {
		plain, err := interceptor.Gunzip(data, limit)
		if err != nil {
			return c, err
		}
		c.Message = plain
	}
	v, err := session.Parse(c.Message, javaser.Limits{Bytes: limit})
	if err != nil {
		return c, err
	}
	if m, ok := v.(*session.Message); ok {
		c.Timestamp = m.Timestamp
		if m.Source != nil {
			c.Address = *m.Source
		}
	}
	return c, nil
}
