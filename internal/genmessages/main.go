// Genmessages writes tribes/logs/message/strings.tsv: what the cluster packages of
// Tomcat can log, release by release and language by language, out of their jars.
//
//	go run ./internal/genmessages -o tribes/logs/message/strings.tsv RELEASE=JAR...
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"strings"

	"muster/internal/tomcatjar"
	"muster/tribes/logs/message"
)

func main() {
	log.SetFlags(0)
	out := flag.String("o", "", "the `FILE` to write")
	flag.Parse()
	byRelease := map[string][]tomcatjar.Text{}
	for _, arg := range flag.Args() {
		release, jar, ok := strings.Cut(arg, "=")
		if !ok {
			log.Fatalf("genmessages: %q: want RELEASE=JAR", arg)
		}
		texts, err := tomcatjar.Read(jar)
		if err != nil {
			log.Fatal("genmessages: ", err)
		}
		byRelease[release] = append(byRelease[release], texts...)
	}
	rows := table(byRelease)
	var b strings.Builder
	b.WriteString(message.TableHead)
	for _, r := range rows {
		fmt.Fprintf(&b, "%s\t%s\t%s\t%s\t%s\t%s\n", r.key, r.pkg, r.level, r.language, strings.Join(r.releases, ","), message.Escape(r.pattern))
	}
	if err := os.WriteFile(*out, []byte(b.String()), 0o644); err != nil {
		log.Fatal("genmessages: ", err)
	}
	log.Printf("%d rows", len(rows))
}
