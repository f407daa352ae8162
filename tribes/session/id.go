package session

import (
	"errors"
	"fmt"

	"muster/tribes/javaser"
)

// ParseID reads the data of a ChangeSessionID: the new id.
func ParseID(b []byte) (string, error) {
	contents, err := javaser.Parse(b, javaser.Limits{})
	if err != nil {
		return "", fmt.Errorf("new session id: %w", err)
	}
	d := javaser.NewData(contents)
	id := d.UTF()
	return id, end("new session id", d)
}

// appendID writes the data of a ChangeSessionID.
func appendID(b []byte, id string) ([]byte, error) {
	var data javaser.Builder
	data.UTF(id)
	return appendData(b, &data)
}

func appendData(b []byte, data *javaser.Builder) ([]byte, error) {
	contents, err := data.Contents()
	if err != nil {
		return b, err
	}
	return javaser.AppendMerged(b, contents...)
}

// end is the first fault of d, or that there is more than there should be.
func end(what string, d *javaser.Data) error {
	if err := d.Err(); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if d.More() {
		return fmt.Errorf("%s: %w", what, errMore)
	}
	return nil
}

var errMore = errors.New("more data than belongs there")
