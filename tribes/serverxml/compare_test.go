package serverxml

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
)

// second is base.xml as another node has it.
var second = swap("10.77.0.11", "10.77.0.12", `jvmRoute="n1"`, `jvmRoute="n2"`)
var third = swap("10.77.0.11", "10.77.0.13", `jvmRoute="n1"`, `jvmRoute="n3"`)

func readAll(t *testing.T, contents ...string) []*File {
	t.Helper()
	var out []*File
	for i, c := range contents {
		f, err := Read(Source{Name: fmt.Sprintf("n%d.xml", i+1), Data: strings.NewReader(c), Mode: fs.FileMode(0o640), ModeKnown: true}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, f)
	}
	return out
}

// Verify what is said to two nodes that differ, or do not.
func TestCompareTwo(t *testing.T) {
	base := testFile("base.xml")
	key := `encryptionKey="` + key16 + `"`
	for _, c := range []struct {
		name string
		a, b func(string) string // on top of the two nodes' files
		want []string            // of the second node unless "n1 ..."
	}{
		{"sound", nil, nil, nil},
		{"group", nil, swap("228.0.0.4", "228.0.0.5"), []string{"sock.port-mismatch fail 10:23"}},
		{"port", nil, swap("45564", "45565"), []string{"sock.port-mismatch fail 10:43"}},
		{"port left out", swap("45564", "45565"), swap(` port="45564"`, ""), []string{"sock.port-mismatch fail 9:11"}},
		{"frequency", nil, swap(`frequency="500"`, `frequency="900"`), []string{"config.differs warn 10:56"}},
		{"heard too seldom", nil, swap(`frequency="500" dropTime="3000"`, `frequency="4000" dropTime="20000"`),
			[]string{"n1 tribes.drop-time fail 10:72", "config.differs warn 10:56", "config.differs warn 10:73"}},
		{"ttl", swap(`dropTime="3000"`, `dropTime="3000" ttl="1"`), swap(`dropTime="3000"`, `dropTime="3000" ttl="3"`), []string{"config.differs warn 10:88"}},
		{"domain", swap(dispatchLine, dispatchLine+interceptor("DomainFilterInterceptor", `domain="a"`), `dropTime="3000"`, `dropTime="3000" domain="a"`),
			swap(dispatchLine, dispatchLine+interceptor("DomainFilterInterceptor", `domain="b"`), `dropTime="3000"`, `dropTime="3000" domain="b"`),
			[]string{"config.differs warn 10:88", "tribes.domain-filter fail 18:106"}},
		{"manager", nil, swap(`DeltaManager" expireSessionsOnShutdown="false"`, `BackupManager"`), []string{"config.differs fail 7:9"}},
		{"options", nil, swap(send8, `channelSendOptions="6"`), []string{"config.differs warn 6:72"}},
		{"options in other words", nil, swap(send8, `channelSendOptions="async"`), nil},
		{"one encrypts", nil, encrypt(key), []string{"tribes.key-mismatch fail 16:101"}},
		{"key", encrypt(key), encrypt(strings.Replace(key, "0f", "ff", 1)), []string{"tribes.key-mismatch fail 16:101"}},
		{"same key in capitals", encrypt(key), encrypt(strings.ReplaceAll(strings.ToUpper(key), "ENCRYPTIONKEY", "encryptionKey")), nil},
		{"algorithm", encrypt(key + ` encryptionAlgorithm="AES/CBC/PKCS5Padding"`), encrypt(key),
			[]string{"n1 config.encryption warn 16:150", "tribes.key-mismatch fail 16:11"}},
		{"compression", nil, swap(dispatchLine, dispatchLine+interceptor("GzipInterceptor", "")), []string{"tribes.interceptor-order fail 16:11"}},
		{"order", nil, swap(detectorLine, "", dispatchLine, dispatchLine+detectorLine), []string{"tribes.interceptor-order warn 16:11"}},
		{"place", nil, func(s string) string {
			return swap(baseCluster, "", `unpackWARs="false"/>`, `unpackWARs="false">`+"\n"+strings.ReplaceAll(baseCluster, "10.77.0.11", "10.77.0.12")+"</Host>")(
				strings.Replace(s, strings.ReplaceAll(baseCluster, "10.77.0.11", "10.77.0.12"), baseCluster, 1))
		}, []string{"config.differs fail 7:7"}},
		{"host", nil, swap(`<Host name="localhost"`, `<Host name="www.example.com"`), []string{"config.differs fail 6:7"}},
		{"jvmRoute", nil, swap(`jvmRoute="n2"`, `jvmRoute="n1"`), []string{"config.same fail 5:53"}},
		{"address", nil, swap("10.77.0.12", "10.77.0.11"), []string{"tribes.duplicate-id warn 12:21"}},
		{"address, fixed port", swap(`autoBind="100"`, `autoBind="1"`), swap("10.77.0.12", "10.77.0.11", `autoBind="100"`, `autoBind="1"`), []string{"tribes.duplicate-id fail 12:21"}},
		{"static and not", serviceList(memberN("LocalMember", 1), memberN("Member", 2)), nil,
			[]string{"tribes.static-mix fail 9:11"}},
		{"static id", serviceList(memberN("LocalMember", 1), memberN("Member", 2)), serviceList(memberN("LocalMember", 2), strings.Replace(memberN("Member", 1), ",1}", ",9}", 1)),
			nil},
		{"static id twice", serviceList(memberN("LocalMember", 1), strings.Replace(memberN("Member", 2), ",2}", ",1}", 1)), serviceList(strings.Replace(memberN("LocalMember", 2), ",2}", ",1}", 1), memberN("Member", 1)),
			nil},
		{"static member missing", static(memberN("LocalMember", 1), memberN("Member", 3)), static(memberN("LocalMember", 2), memberN("Member", 1)),
			[]string{"n1 config.static-member fail 19:11"}},
		{"engine names", both(serviceList(memberN("LocalMember", 1), memberN("Member", 2)), swap(`<Engine name="Catalina"`, `<Engine name="One"`)),
			serviceList(memberN("LocalMember", 2), memberN("Member", 1)), []string{"config.differs fail 6:7"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, b := base, second(base)
			if c.a != nil {
				a = c.a(a)
			}
			if c.b != nil {
				b = c.b(b)
			}
			var got []string
			for _, f := range Check(readAll(t, a, b), Given{}) {
				s := fmt.Sprintf("%s %s %s", f.ID, f.Status, f.Position)
				if f.File == "n1.xml" {
					s = "n1 " + s
				}
				got = append(got, s)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}

// Verify that a file with nearly nothing in it can be compared.
func TestCompareBare(t *testing.T) {
	const bare = "<Server><Service><Engine><Cluster></Cluster></Engine></Service></Server>"
	for _, pair := range [][2]string{{testFile("base.xml"), bare}, {bare, testFile("base.xml")}, {bare, bare}} {
		found := Check(readAll(t, pair[0], pair[1]), Given{})
		differs := slices.ContainsFunc(found, func(f Finding) bool { return f.ID == "config.differs" })
		if want := pair[0] != pair[1]; differs != want {
			t.Errorf("differ: %v, want %v: %q", differs, want, lines(found))
		}
	}
}

// Verify that of three nodes the odd one is named, wherever it stands.
func TestCompareThree(t *testing.T) {
	base := testFile("base.xml")
	nodes := []string{base, second(base), third(base)}
	for odd := range nodes {
		files := slices.Clone(nodes)
		files[odd] = strings.Replace(files[odd], "45564", "45999", 1)
		got := Check(readAll(t, files...), Given{})
		if len(got) != 1 || got[0].File != fmt.Sprintf("n%d.xml", odd+1) || got[0].ID != "sock.port-mismatch" {
			t.Errorf("odd one is n%d: %v", odd+1, got)
		}
	}
}

// Verify that keys are compared and never shown.
func TestKeysStayHidden(t *testing.T) {
	base := testFile("base.xml")
	files := readAll(t, encrypt(`encryptionKey="`+key16+`"`)(base), encrypt(`encryptionKey="ff`+key16[2:]+`"`)(second(base)),
		encrypt(`encryptionKey="`+key16+`0"`)(third(base)))
	for _, f := range files {
		for _, c := range f.Clusters {
			c.Describe()
		}
	}
	text := jsonOf(t, files) + jsonOf(t, Check(files, Given{}))
	if strings.Contains(text, key16[4:]) {
		t.Error("a key is in the output")
	}
	if !strings.Contains(text, "(a key of 128 bits, not shown)") {
		t.Error("that there is a key is not in the output")
	}
}
