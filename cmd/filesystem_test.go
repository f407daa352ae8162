package cmd

import "testing"

func TestMountOf(t *testing.T) {
	const mounts = `22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:40 / /mnt/shared rw shared:5 - nfs4 filer:/x rw,vers=4.2
31 22 0:41 / /mnt/with\040blank rw shared:6 - cifs //filer/x rw
32 22 0:42 / /mnt/fuse rw - fuse.sshfs x rw
33 30 0:43 / /mnt/shared/local rw - tmpfs tmpfs rw
broken line
`
	for dir, want := range map[string]string{
		"/var/sessions": "ext4 local", "/mnt/shared/sessions": "nfs4 network", "/mnt/sharedelse": "ext4 local",
		"/mnt/with blank/s": "cifs network", "/mnt/fuse/s": "fuse.sshfs unknown", "/mnt/shared/local": "tmpfs local",
	} {
		kind, network, known := mountOf([]byte(mounts), dir)
		got := kind + " " + map[bool]string{true: "network", false: "local"}[network]
		if !known {
			got = kind + " unknown"
		}
		if got != want {
			t.Errorf("%s: %s, want %s", dir, got, want)
		}
	}
	if _, _, known := mountOf(nil, "/x"); known {
		t.Error("nothing is known of no mounts")
	}
}
