package cmd

import (
	"errors"
	"fmt"
	"os"

	"muster/cmd/internal/view"
)

// writeSARIF writes the findings for tools that show them beside the file's lines.
func (o configOptions) writeSARIF(doc view.ConfigDocument) error {
	if o.sarif == "" {
		return nil
	}
	f, err := os.Create(o.sarif)
	if err != nil {
		return fmt.Errorf("--sarif: %w", err)
	}
	if err := errors.Join(doc.WriteSARIF(f, version), f.Close()); err != nil {
		return fmt.Errorf("write the SARIF report: %w", err)
	}
	return nil
}
