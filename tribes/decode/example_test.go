package decode_test

import (
	"fmt"
	"strings"

	"muster/tribes"
	"muster/tribes/decode"
)

func ExampleStream() {
	err := decode.Stream(strings.NewReader(tribes.Ack+"FLT2002"), decode.Auto, 0, func(i decode.Item) error {
		fmt.Println(i.Type, i.Offset, i.Bytes)
		return nil
	})
	fmt.Println(err)
	// Output:
	// ack 0 21
	// incomplete 21 7
	// <nil>
}
