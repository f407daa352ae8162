package cmd

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// saveFile writes a file that only its owner may read: a new one beside it takes
// its place when all is written, so that a full disk leaves what was there, and a
// symbolic link is replaced rather than followed. What is no file, as /dev/stdout,
// is written to.
func saveFile(name string, write func(io.Writer) error) error {
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() {
		if info.IsDir() {
			return fmt.Errorf("%s is a folder", name)
		}
		file, err := os.OpenFile(name, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		return errors.Join(write(file), file.Close())
	}
	file, err := os.CreateTemp(filepath.Dir(name), ".muster-*") // its mode is 0600
	if err != nil {
		return err
	}
	err = errors.Join(write(file), file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), name)
	}
	if err != nil {
		_ = os.Remove(file.Name()) // it says nothing that the error does not
		return err
	}
	return nil
}
