package message

import (
	"os"
	"testing"
)

func TestPacked(t *testing.T) {
	want, err := os.ReadFile("strings.tsv")
	if err != nil {
		t.Fatal(err)
	}
	if stringsTSV() != string(want) {
		t.Error("strings.tsv.gz is not strings.tsv: go generate ./tribes/logs/message")
	}
}
