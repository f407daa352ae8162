package interceptor_test

import (
	"fmt"

	"muster/tribes/interceptor"
)

func ExampleEncryption() {
	algorithm, err := interceptor.ParseAlgorithm(interceptor.AlgorithmGCM)
	if err != nil {
		fmt.Println(err)
		return
	}
	key, err := interceptor.ParseKey("cafebabecafebabecafebabecafebabe")
	if err != nil {
		fmt.Println(err)
		return
	}
	e, err := interceptor.NewEncryption(algorithm, key, true)
	if err != nil {
		fmt.Println(err)
		return
	}
	s, err := e.Open(e.Seal([]byte("attack at dawn"), 1700000000000))
	fmt.Printf("%s at %d, %v\n", s.Message, s.Timestamp, err)
	// Output: attack at dawn at 1700000000000, <nil>
}
