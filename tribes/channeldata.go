package tribes

import "encoding/binary"

// ChannelData is a message on the channel: the data of every frame that is no
// ack (T/io/ChannelData).
type ChannelData struct {
	Options   Options
	Timestamp int64 // Unix ms of the sender
	// ID is the message id, 16 bytes in all versions; all fragments of one
	// message share it.
	ID      []byte
	Address Member // the sender, as its last heartbeat said
	Message []byte
}

// ParseChannelData reads all of data. The byte fields of the result alias it.
// It is stricter than Tomcat in that nothing may follow the message, and takes
// the address in either form of a record: a Tomcat takes its own alone.
func ParseChannelData(data []byte) (ChannelData, error) {
	r := fields{b: data}
	var c ChannelData
	c.Options = Options(r.u32("options"))
	c.Timestamp = int64(r.u64("timestamp"))
	c.ID = r.sized("message id")
	at := r.at + 4
	address := r.sized("address")
	if r.err != nil {
		return ChannelData{}, r.err
	}
	m, _, err := ParseMember(address)
	if err != nil {
		return ChannelData{}, shift(err, at)
	}
	if m.Generation == V55 {
		return ChannelData{}, bad(at, "address", "a member of Tomcat 5.5, which no channel message has")
	}
	c.Address = m
	c.Message = r.sized("message")
	if r.err != nil {
		return ChannelData{}, r.err
	}
	if r.at != len(data) {
		return ChannelData{}, bad(r.at, "message", "%d bytes after it", len(data)-r.at)
	}
	return c, nil
}

// AppendTo appends the message, without a frame around it.
func (c *ChannelData) AppendTo(b []byte) ([]byte, error) {
	b, err := c.appendHead(b)
	if err != nil {
		return b, err
	}
	return appendSized(b, c.Message), nil
}

func (c *ChannelData) appendHead(b []byte) ([]byte, error) {
	be := binary.BigEndian
	b = be.AppendUint32(b, uint32(c.Options))
	b = be.AppendUint64(b, uint64(c.Timestamp))
	b = appendSized(b, c.ID)
	b = be.AppendUint32(b, uint32(c.Address.Len()))
	return c.Address.AppendTo(b)
}

// Len is the number of bytes that AppendTo appends.
func (c *ChannelData) Len() int { return 24 + len(c.ID) + c.Address.Len() + len(c.Message) }

// AppendFrameTo appends the message as one whole frame.
func (c *ChannelData) AppendFrameTo(b []byte) ([]byte, error) {
	b, err := c.AppendHeadTo(b)
	if err != nil {
		return b, err
	}
	return append(append(b, c.Message...), FrameEnd...), nil
}

// AppendHeadTo appends what stands before the message in its frame; behind it
// stands FrameEnd. So a large message need not be copied.
func (c *ChannelData) AppendHeadTo(b []byte) ([]byte, error) {
	be := binary.BigEndian
	b = append(b, frameBegin...)
	b = be.AppendUint32(b, uint32(c.Len()))
	b, err := c.appendHead(b)
	if err != nil {
		return b, err
	}
	return be.AppendUint32(b, uint32(len(c.Message))), nil
}
