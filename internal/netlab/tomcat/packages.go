package tomcat

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// home is where Debian's package tomcat10-common puts Tomcat 10.1.
const home = "/usr/share/tomcat10"

// Jars is a version of the tribes jars.
type Jars int

const (
	Tribes9 Jars = iota
	Tribes10
)

func (j Jars) files() (files []string) {
	version := map[Jars]int{Tribes9: 9, Tribes10: 10}[j]
	for _, part := range []string{"tribes", "juli", "util"} {
		files = append(files, fmt.Sprintf("/usr/share/java/tomcat%d-%s.jar", version, part))
	}
	return files
}

func (j Jars) pkg() string {
	if j == Tribes9 {
		return "libtomcat9-java"
	}
	return "tomcat10-common"
}

// Missing names what must be installed before Start can work; empty when all is there.
func Missing() string { return missing("tomcat10-common", home+"/bin/bootstrap.jar") }

// MissingJars is Missing for StartPeer with these jars.
func MissingJars(j Jars) string { return missing(j.pkg(), j.files()...) }

func missing(pkg string, files ...string) string {
	var packages []string
	for _, f := range files {
		if _, err := os.Stat(f); err != nil {
			packages = append(packages, pkg)
			break
		}
	}
	if _, err := exec.LookPath("java"); err != nil {
		packages = append(packages, "openjdk-17-jre-headless")
	}
	if packages == nil {
		return ""
	}
	return "needs the packages " + strings.Join(packages, " ")
}
