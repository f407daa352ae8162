package javaser_test

import (
	"encoding/hex"
	"encoding/json"
	"fmt"

	"muster/tribes/javaser"
)

// What ObjectOutputStream wrote of new Date(1700000000123L).
func ExampleView() {
	b, _ := hex.DecodeString("aced00057372000e6a6176612e7574696c2e44617465686a81014b597419030000787077080000018bcfe568" + "7b78")
	v, _, err := javaser.ParseFirst(b, javaser.Limits{})
	if err != nil {
		fmt.Println(err)
		return
	}
	view, _ := json.Marshal(javaser.View(v, javaser.ViewOptions{}))
	fmt.Printf("%s %s\n", javaser.ClassName(v), view)
	// Output: java.util.Date "2023-11-14T22:13:20.123Z"
}
