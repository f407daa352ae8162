package cmd

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// networked are the types of file systems that several hosts can mount.
var networked = []string{"nfs", "nfs4", "cifs", "smb3", "smbfs", "ceph", "glusterfs", "lustre", "gpfs", "gfs2", "ocfs2", "9p", "afs", "beegfs", "virtiofs"}

// maxMounts bounds what is read of the list of mounts.
const maxMounts = 4 << 20

// fileSystem tells what a folder of this host is on (proc(5), mountinfo). Through FUSE
// there may be anything, so that it is not known.
func fileSystem(dir string) (kind string, network, known bool) {
	f, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return "", false, false
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxMounts))
	if err != nil {
		return "", false, false
	}
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	} else {
		return "", false, false // not there: Tomcat makes it, where others may be mounted
	}
	return mountOf(text, dir)
}

// mountOf finds the file system of the longest mount point above dir, the last of several.
func mountOf(mountinfo []byte, dir string) (kind string, network, known bool) {
	best := -1
	lines := bufio.NewScanner(bytes.NewReader(mountinfo))
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		dash := slices.Index(fields, "-")
		if len(fields) < 5 || dash < 5 || dash+1 >= len(fields) {
			continue
		}
		point := strings.NewReplacer(`\040`, " ", `\011`, "\t", `\134`, `\`).Replace(fields[4])
		if point != "/" && dir != point && !strings.HasPrefix(dir, point+"/") || len(point) < best {
			continue
		}
		best, kind = len(point), fields[dash+1]
	}
	if best < 0 || strings.HasPrefix(kind, "fuse") || kind == "overlay" || kind == "autofs" {
		return kind, false, false
	}
	return kind, slices.Contains(networked, kind), true
}
