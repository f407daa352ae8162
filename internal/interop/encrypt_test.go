package interop

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"muster/internal/netlab"
	"muster/internal/netlab/tomcat"
)

const (
	peerKey    = "cafebabecafebabecafebabecafebabe"
	strangeKey = "00112233445566778899aabbccddeeff"
)

// peerKeyFile writes a key where muster reads it.
func peerKeyFile(t *testing.T, key string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, []byte(key+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// The jars of Tomcat 10 encrypt a time stamp with each message, those of Tomcat 9
// do not, and their default algorithms differ. muster reads and writes both; with
// another key, algorithm or without one each side drops what the other sends, and
// muster says which.
func TestEncryptedPeers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name       string
		jars       tomcat.Jars
		algorithms []string
		stamp      string
	}{
		{"tomcat 10", tomcat.Tribes10, []string{"AES/GCM/NoPadding", "AES/CBC/PKCS5Padding", "AES/CFB/PKCS5Padding", "AES/OFB/PKCS5Padding"}, "yes"},
		{"tomcat 9", tomcat.Tribes9, []string{"AES/CBC/PKCS5Padding"}, "no"},
	} {
		for _, algorithm := range c.algorithms {
			t.Run(c.name+" "+strings.ReplaceAll(algorithm, "/", " "), func(t *testing.T) {
				lab := netlab.New(t, netlab.Config{Hosts: 2})
				good, bad := peerKeyFile(t, peerKey), peerKeyFile(t, strangeKey)
				right := muster(t, lab.Host(2), "tribes", "join", "--json", "-v", "--encryption-key-file", good, "--encryption-algorithm", algorithm)
				right.joined()
				wrong := muster(t, lab.Host(2), "tribes", "join", "--json", "--tcp-port", "4100", "--name", "wrong", "--encryption-key-file", bad, "--encryption-algorithm", algorithm)
				wrong.joined()
				peer := tomcat.StartPeer(t, lab.Host(1), c.jars, "--encrypt", peerKey, "--algorithm", algorithm,
					"--wait", "2", "--send", "string:hello", "--options", "sync-ack", "--seconds", "60")
				peer.WaitLine("sent", 20*time.Second, func(text string) bool { return strings.Contains(text, `"event":"sent"`) }) // both acks are there
				send := func(key, stamp string) {
					p := muster(t, lab.Host(2), "tribes", "send", lab.Host(1).Addr().String(), "hello "+stamp, "--java",
						"--encryption-key-file", key, "--encryption-algorithm", algorithm, "--encryption-timestamp", stamp)
					if _, status := p.finish(); status != 0 {
						t.Errorf("sending: status %d\n%s", status, p.Tail())
					}
				}
				send(bad, c.stamp) // acked, and dropped
				send(good, c.stamp)
				if e := peer.WaitEvent("messageReceived", 10*time.Second, nil); e.Class != "java.lang.String" || e.Text != "hello "+c.stamp {
					t.Errorf("the peer got %q of class %s", e.Text, e.Class)
				}
				if last, status := right.end(syscall.SIGINT); status != 0 || last.Acks < 1 {
					t.Errorf("with the key: status %d, %s", status, last.Raw)
				}
				if _, status := wrong.end(syscall.SIGINT); status != 1 {
					t.Errorf("with another key: status %d, want 1", status)
				}
				verdicts := 0
				for _, l := range wrong.lines() {
					if l.Type == "verdict" && strings.Contains(l.Raw, `"id":"tribes.key-mismatch","status":"fail","subject":"10.77.0.11:4000`) && strings.Contains(l.Raw, "dropped 1 of its messages") {
						verdicts++
					}
				}
				if verdicts != 1 {
					t.Errorf("%d verdicts\n%s", verdicts, wrong.Tail())
				}
			})
		}
	}
}
