package interceptor

import (
	"fmt"
	"io"
	"os"
	"runtime"
)

// maxKeyFile is far more than any key needs.
const maxKeyFile = 4096

// ReadKeyFile reads an encryptionKey from a file: hex digits, blanks and line
// ends around them. exposed tells that any user of this host may read it. A key
// never comes from the command line, which other users can see.
func ReadKeyFile(path string) (key []byte, exposed bool, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, false, fmt.Errorf("reading the encryption key: %w", err)
	}
	defer f.Close()
	if st, err := f.Stat(); err == nil && runtime.GOOS != "windows" {
		exposed = st.Mode().Perm()&0o004 != 0
	}
	text, err := io.ReadAll(io.LimitReader(f, maxKeyFile))
	if err != nil {
		return nil, exposed, fmt.Errorf("reading the encryption key: %w", err)
	}
	if key, err = ParseKey(string(text)); err != nil {
		return nil, exposed, fmt.Errorf("reading %s: %w", path, err)
	}
	return key, exposed, nil
}
