package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"muster/cmd/internal/view"
	"muster/tribes/decode"
	"muster/tribes/interceptor"
)

type decodeOptions struct {
	file string // "-" is stdin
	as   string
	hex  bool
	text bool
	max  int

	keyFile   string
	algorithm string
}

var decodeForms = map[string]decode.Form{
	"auto": decode.Auto, "heartbeat": decode.Heartbeats, "frames": decode.Frames,
	"message": decode.ChannelMessage, "java": decode.Java,
}

func newTribesDecodeCmd(a *app) *cobra.Command {
	o := decodeOptions{file: "-"}
	c := &cobra.Command{
		Use:   "decode [FILE|-]",
		Short: "tell what bytes of the cluster protocol say",
		Long: `Reads datagrams or one direction of a TCP connection, and prints a JSON line for
each heartbeat, frame, ack and Java stream found, and a summary.

Without --as the first bytes decide: TRIBES-B is a heartbeat, FLT2002 a frame,
ac ed 00 05 a Java object stream. With --hex each line of the input is a datagram
or byte stream of its own, told by its number ("input"); blanks and colons in it
are skipped. What is wrong is an "invalid" line and exit status 1; the start of
something that does not end is an "incomplete" line.

A message says what it is by its kind, and what it holds under that name: sessions
and deltas, RPC, replicated maps, elections, what interceptors had compressed, cut
or, with the key, encrypted. See docs/tribes-decode.md.

Nothing is sent and no privilege is needed. What a file claims is not trusted: a
length field never makes more memory be taken than bytes are there.`,
		Example: `  # a heartbeat, as tshark prints the payload of a datagram
  tshark -r heartbeats.pcap -T fields -e udp.payload | muster tribes decode --hex

  # one direction of a TCP connection to a receiver
  muster tribes decode stream.bin

  # an encrypted cluster, for people
  muster tribes decode --text --encryption-key-file cluster.key stream.bin`,
		Args: rangeArgs(0, 1),
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				o.file = args[0]
			}
			return runTribesDecode(c.Context(), a, o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.as, "as", "auto", "take the bytes for this `KIND`: heartbeat, frames, message (without a frame), java")
	f.BoolVar(&o.hex, "hex", false, "the input is hex, each line one datagram or byte stream")
	f.BoolVar(&o.text, "text", false, "print text for people instead of JSON lines")
	f.StringVar(&o.keyFile, "encryption-key-file", "", "a `FILE` with the encryptionKey, to open what EncryptInterceptor sealed")
	f.StringVar(&o.algorithm, "encryption-algorithm", "", "its encryptionAlgorithm, `CIPHER/MODE/PADDING` (default both of Tomcat's: "+interceptor.AlgorithmGCM+", "+interceptor.AlgorithmCBC+")")
	f.IntVar(&o.max, "max-bytes", decode.DefaultLimit, "the most `bytes` that one frame, message or stream may have")
	return c
}

func runTribesDecode(ctx context.Context, a *app, o decodeOptions) error {
	form, ok := decodeForms[o.as]
	switch {
	case !ok:
		return usagef("--as %q: say heartbeat, frames, message or java", o.as)
	case o.max <= 0:
		return usagef("--max-bytes %d: want a number above 0", o.max)
	case o.algorithm != "" && o.keyFile == "":
		return usagef("--encryption-algorithm needs --encryption-key-file")
	case o.text && a.json:
		return usagef("--text and --json exclude each other")
	}
	in := a.In
	if o.file != "-" {
		f, err := os.Open(o.file)
		if err != nil {
			return fmt.Errorf("reading what to decode: %w", err)
		}
		defer f.Close()
		in = f
	}
	in = interruptible(ctx, in) // a FIFO stays silent too
	decoder := &decode.Decoder{Limit: o.max}
	if o.keyFile != "" {
		var err error
		if decoder.Encryption, err = a.readEncryption(o.keyFile, o.algorithm); err != nil {
			return err
		}
	}
	out := view.NewDecoded(a.Out, o.text, decoder)
	stream := func(input int, r io.Reader) error {
		err := decode.Stream(r, form, o.max, func(i decode.Item) error { return out.Item(input, i) })
		var bad *decode.HexError
		if errors.As(err, &bad) {
			return out.BadHex(input, bad)
		}
		return err
	}
	var err error
	if o.hex {
		err = decode.HexLines(in, stream)
	} else {
		err = stream(0, in)
	}
	interrupted := err != nil && ctx.Err() != nil
	if err != nil && !interrupted {
		return fmt.Errorf("decoding %s: %w", o.file, err)
	}
	if err := out.Summary(); err != nil {
		return err
	}
	if interrupted {
		return errInterrupted
	}
	if out.Faults() > 0 {
		return errNo
	}
	return nil
}

// readEncryption is for one key and algorithm, or both of Tomcat's defaults.
func (a *app) readEncryption(path, algorithm string) ([]*interceptor.Encryption, error) {
	key, err := a.readKey(path)
	if err != nil {
		return nil, err
	}
	all, err := encryptions(key, algorithm)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	return all, nil
}

// encryptions are that of the algorithm, or those of both of Tomcat's defaults.
func encryptions(key []byte, algorithm string) ([]*interceptor.Encryption, error) {
	names := []string{algorithm}
	if algorithm == "" {
		names = []string{interceptor.AlgorithmGCM, interceptor.AlgorithmCBC}
	}
	all := make([]*interceptor.Encryption, 0, len(names))
	for _, name := range names {
		alg, err := interceptor.ParseAlgorithm(name)
		if err != nil {
			return nil, usagef("%w", err)
		}
		e, err := interceptor.NewEncryption(alg, key, false)
		if err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	return all, nil
}
