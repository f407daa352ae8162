package interop

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"muster/internal/netlab"
	"muster/tribes"
	"muster/tribes/cluster"
	"muster/tribes/cluster/channel"
	"muster/tribes/cluster/replicatedmap"
	"muster/tribes/javaser"
	"muster/tribes/session"
)

// mapNode is a program of these tests: a member that has the replicated map of a
// context, steered over HTTP. It runs on a host: mapnode CONTEXT ADDRESS.
func mapNode() {
	if err := runMapNode(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func runMapNode(name, address string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	replica := cluster.NewBackupReplica(session.NewStore(session.StoreConfig{Context: name}),
		replicatedmap.Config{Options: tribes.UseAck | tribes.SynchronizedAck, Logger: log})
	cfg := cluster.Defaults()
	cfg.Interface, cfg.HoldsState, cfg.Logger, cfg.FreshID = address, true, log, true
	cfg.Handler = func(n *cluster.Node) channel.Handler { return replica.Attach(n) }
	n, err := cluster.Join(ctx, cfg)
	if err != nil {
		return err
	}
	defer n.Leave()
	defer func() {
		bye, cancel := context.WithTimeout(context.Background(), 3*time.Second)
		defer cancel()
		replica.Stop(bye)
	}()
	go replica.Run(ctx)
	go func() {
		for {
			e, err := n.Next(ctx)
			if err != nil {
				return
			}
			replica.Event(e)
		}
	}()
	ln, err := net.Listen("tcp", net.JoinHostPort(address, "9000"))
	if err != nil {
		return err
	}
	server := http.Server{Handler: steer(n, replica)}
	context.AfterFunc(ctx, func() { server.Close() })
	server.Serve(ln)
	return nil
}

// seen is what a mapNode tells of a session.
type seen struct {
	Error      string            `json:"error,omitempty"`
	Role       string            `json:"role"`
	Primary    string            `json:"primary"` // host
	Backup     string            `json:"backup"`
	Attributes map[string]string `json:"attributes"` // nil where it holds no copy
	Members    int               `json:"members"`
}

func steer(n *cluster.Node, replica *cluster.BackupReplica) http.Handler {
	deeds := map[string]func(r *http.Request) error{
		"/members": func(*http.Request) error { return nil },
		"/start": func(r *http.Request) error {
			_, err := replica.Start(r.Context())
			return err
		},
		"/view":   func(*http.Request) error { return nil },
		"/create": func(r *http.Request) error { return replica.Create(r.Context(), r.FormValue("id")) },
		"/serve": func(r *http.Request) error {
			return replica.Request(r.Context(), r.FormValue("id"), func(e *session.Edit) {
				if k := r.FormValue("k"); k != "" {
					e.Set(k, javaser.NewString(r.FormValue("v")))
				}
			})
		},
		"/end": func(r *http.Request) error { return replica.Invalidate(r.Context(), r.FormValue("id"), nil) },
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		deed := deeds[r.URL.Path]
		if deed == nil {
			http.NotFound(w, r)
			return
		}
		var s seen
		if err := deed(r); err != nil {
			s.Error = err.Error()
		}
		host := func(m *tribes.Member) string { a, _ := netip.AddrFromSlice(m.Host); return a.String() }
		id := r.FormValue("id")
		if e, ok := replica.Entry(id); ok {
			s.Role = string(e.Role)
			if e.Primary != nil {
				s.Primary = host(e.Primary)
			}
			for i := range e.Backups {
				s.Backup += host(&e.Backups[i])
			}
		}
		if v, ok := replica.Store.View(id); ok {
			s.Attributes = map[string]string{}
			for _, a := range v.Attributes {
				s.Attributes[a.Name] = fmt.Sprint(javaser.View(a.Value, javaser.ViewOptions{}))
			}
		}
		s.Members = len(n.Peers())
		if r.URL.Path != "/members" {
			s.Members = len(replica.Members())
		}
		json.NewEncoder(w).Encode(s)
	})
}

// mapPeer is a running mapNode.
type mapPeer struct {
	*netlab.Process
	t    *testing.T
	host *netlab.Host
	http *http.Client
}

// startMapNode starts a mapNode that sees so many members, and brings it into
// the map.
func startMapNode(t *testing.T, h *netlab.Host, name string, members int) *mapPeer {
	t.Helper()
	p := &mapPeer{Process: h.Launch(t, "mapnode", name, h.Addr().String()), t: t, host: h, http: h.HTTP()}
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		if s, err := p.get("/members", nil); err == nil && s.Members == members {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("the node on %s does not see %d members\n%s", h.Name(), members, p.Tail())
		}
	}
	p.do("/start", "", nil)
	return p
}

func (p *mapPeer) get(path string, query url.Values) (s seen, err error) {
	resp, err := p.http.Get("http://" + net.JoinHostPort(p.host.Addr().String(), "9000") + path + "?" + query.Encode())
	if err != nil {
		return s, err
	}
	defer resp.Body.Close()
	err = json.NewDecoder(resp.Body).Decode(&s)
	return s, err
}

// do does a deed, which must go well, and returns what the node has of the
// session then.
func (p *mapPeer) do(path, id string, query url.Values) seen {
	p.t.Helper()
	if query == nil {
		query = url.Values{}
	}
	query.Set("id", id)
	s, err := p.get(path, query)
	if err != nil || s.Error != "" {
		p.t.Fatalf("%s of %s: %v %s\n%s", path, id, err, s.Error, p.Tail())
	}
	return s
}

func (p *mapPeer) view(id string) seen { p.t.Helper(); return p.do("/view", id, nil) }
