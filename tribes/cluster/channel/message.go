package channel

import (
	"context"
	"net/netip"
	"time"

	"muster/tribes"
)

// Message is one message of the channel as it arrived. It is valid during the
// call of the Handler only; what is kept is a Clone.
type Message struct {
	tribes.ChannelData
	Peer     netip.AddrPort // the other end of the connection; the sender's receiver is in Address
	Received time.Time
}

// Handler takes messages. It is called by the goroutine of the connection, so
// that a slow handler slows its peer down and nobody else; calls for different
// connections run side by side. An error becomes a FAIL_ACK where the sender
// waits for the processing (options 6), and is counted in any case.
type Handler interface {
	HandleMessage(ctx context.Context, m *Message) error
}

// HandlerFunc is a function as a Handler.
type HandlerFunc func(ctx context.Context, m *Message) error

func (f HandlerFunc) HandleMessage(ctx context.Context, m *Message) error { return f(ctx, m) }

// NewMessage is a message from the member local, with an id and a time of its
// own. It does not copy payload.
func NewMessage(local tribes.Member, options tribes.Options, payload []byte) tribes.ChannelData {
	id := tribes.NewMessageID()
	return tribes.ChannelData{
		Options:   options,
		Timestamp: time.Now().UnixMilli(),
		ID:        id[:],
		Address:   local,
		Message:   payload,
	}
}
