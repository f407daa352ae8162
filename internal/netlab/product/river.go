package product

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"muster/internal/netlab"
)

// activation is what River links against of java.rmi.activation, which Java has no
// more since 17: the shape alone, nothing of it is ever called.
var activation = map[string]string{
	"ActivateFailedException": "class ActivateFailedException extends java.rmi.RemoteException { public ActivateFailedException(String s) { super(s); } public ActivateFailedException(String s, Exception e) { super(s, e); } }",
	"ActivationDesc":          "final class ActivationDesc implements java.io.Serializable { }",
	"ActivationException":     "class ActivationException extends Exception { public ActivationException() { } public ActivationException(String s) { super(s); } public ActivationException(String s, Throwable t) { super(s, t); } }",
	"ActivationGroup":         "abstract class ActivationGroup implements ActivationInstantiator { public static ActivationSystem getSystem() throws ActivationException { throw new ActivationException(); } }",
	"ActivationGroupDesc":     "final class ActivationGroupDesc implements java.io.Serializable { public static class CommandEnvironment implements java.io.Serializable { } }",
	"ActivationGroupID":       "class ActivationGroupID implements java.io.Serializable { public ActivationGroupID(ActivationSystem s) { } public ActivationSystem getSystem() { return null; } }",
	"ActivationID":            "class ActivationID implements java.io.Serializable { public ActivationID(Activator a) { } public java.rmi.Remote activate(boolean force) throws ActivationException, UnknownObjectException, java.rmi.RemoteException { throw new UnsupportedOperationException(); } }",
	"ActivationInstantiator":  "interface ActivationInstantiator extends java.rmi.Remote { }",
	"ActivationMonitor":       "interface ActivationMonitor extends java.rmi.Remote { }",
	"ActivationSystem":        "interface ActivationSystem extends java.rmi.Remote { int SYSTEM_PORT = 1098; void unregisterGroup(ActivationGroupID id) throws ActivationException, java.rmi.RemoteException; }",
	"Activator":               "interface Activator extends java.rmi.Remote { }",
	"UnknownGroupException":   "class UnknownGroupException extends ActivationException { public UnknownGroupException(String s) { super(s); } }",
	"UnknownObjectException":  "class UnknownObjectException extends ActivationException { public UnknownObjectException(String s) { super(s); } }",
}

// activationDir is where compileActivation puts the classes, below those of the mains.
const activationDir = "activation"

func compileActivation(classes string) error {
	dir := filepath.Join(classes, activationDir)
	src := filepath.Join(dir, "src")
	if err := os.MkdirAll(src, 0o755); err != nil {
		return err
	}
	args := []string{"-m", "jdk.compiler/com.sun.tools.javac.Main", "-nowarn", "--patch-module", "java.rmi=" + src, "-d", dir}
	for name, text := range activation {
		file := filepath.Join(src, name+".java")
		if err := os.WriteFile(file, []byte("package java.rmi.activation; public "+text), 0o644); err != nil {
			return err
		}
		args = append(args, file)
	}
	if out, err := exec.Command("java", args...).CombinedOutput(); err != nil {
		return fmt.Errorf("compiling java.rmi.activation: %w\n%s", err, out)
	}
	return nil
}

// Version2 makes River speak version 2 of the discovery protocol, which it does only
// when it is told to.
const Version2 = `new net.jini.constraint.BasicMethodConstraints(new net.jini.core.constraint.InvocationConstraints(com.sun.jini.discovery.DiscoveryProtocolVersion.TWO, null))`

// LookupService starts a lookup service (reggie) of the groups, which announces itself
// as host every ten seconds. With constraints (Version2) it speaks that.
func (i *Installed) LookupService(tb netlab.TB, h *netlab.Host, host string, groups []string, constraints string) *Peer {
	tb.Helper()
	entries := []string{
		"initialMemberGroups = new String[] { " + quoted(groups) + " };", fmt.Sprintf("unicastDiscoveryHost = %q;", host),
		"multicastAnnouncementInterval = 10000L;", exporter(h),
	}
	if constraints != "" {
		entries = append(entries, "discoveryConstraints = "+constraints+";")
	}
	return i.river(tb, h, "lookup", "JiniService com.sun.jini.reggie.TransientRegistrarImpl", "com.sun.jini.reggie", entries)
}

// Space starts a JavaSpace (outrigger) that looks for lookup services of the groups.
func (i *Installed) Space(tb netlab.TB, h *netlab.Host, groups []string) *Peer {
	tb.Helper()
	return i.river(tb, h, "space", "JiniService com.sun.jini.outrigger.TransientOutriggerImpl", "com.sun.jini.outrigger",
		[]string{"initialLookupGroups = new String[] { " + quoted(groups) + " };", exporter(h)})
}

// Worker starts a worker that looks for the groups, and does what it is to: "write" or
// "take" a task.
func (i *Installed) Worker(tb netlab.TB, h *netlab.Host, groups []string, does, constraints string) *Peer {
	tb.Helper()
	var entries []string
	if constraints != "" {
		entries = []string{"discoveryConstraints = " + constraints + ";"}
	}
	return i.river(tb, h, "worker-"+strings.Join(groups, "-"), "JiniWorker "+strings.Join(groups, ",")+" "+does, "net.jini.discovery.LookupDiscovery", entries)
}

func exporter(h *netlab.Host) string {
	return fmt.Sprintf("serverExporter = new net.jini.jeri.BasicJeriExporter(net.jini.jeri.tcp.TcpServerEndpoint.getInstance(%q, 0), new net.jini.jeri.BasicILFactory());", h.Addr())
}

func quoted(names []string) string {
	var q []string
	for _, n := range names {
		q = append(q, fmt.Sprintf("%q", n))
	}
	return strings.Join(q, ", ")
}

// river starts a program with a configuration whose entries are of one component.
func (i *Installed) river(tb netlab.TB, h *netlab.Host, name, main, component string, entries []string) *Peer {
	tb.Helper()
	file := filepath.Join(h.Dir(), name+".config")
	text := component + " {\n" + strings.Join(entries, "\n") + "\n}\n"
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		tb.Fatalf("product: %v", err)
	}
	words := strings.Fields(main)
	jvm := []string{"--patch-module", "java.rmi=" + filepath.Join(i.classes, activationDir), "--add-exports", "java.rmi/java.rmi.activation=ALL-UNNAMED"}
	return i.start(tb, h, jvm, words[0], append(words[1:], file)...)
}
