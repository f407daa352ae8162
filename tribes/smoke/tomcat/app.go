package tomcat

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"muster/internal/lazyregexp"
)

// App says how a page's session is changed and read. The zero App only keeps
// one.
type App struct {
	// Change is a query that changes the session: {n} in it is replaced by the
	// number that is to be in the session then. Without {n} the request itself
	// makes the number one more.
	Change string
	// Counter finds the number in the page, by its first group.
	Counter *regexp.Regexp
	// Invalidate is a query that ends the session, Expire one that lets it be idle
	// for a few seconds only.
	Invalidate, Expire string

	// visits: every request makes the number one more, whatever its query.
	visits bool
	name   string // for people
}

// sets reports whether a change writes a number of our choosing, so that reading
// it before proves more.
func (a *App) sets() bool { return strings.Contains(a.Change, "{n}") }

// counts reports whether the number can be followed.
func (a *App) counts() bool { return a.Counter != nil && (a.Change != "" || a.visits) }

func (a *App) change(n int) string { return strings.ReplaceAll(a.Change, "{n}", strconv.Itoa(n)) }

// read returns the number in a page.
func (a *App) read(body string) (int, bool) {
	m := a.Counter.FindStringSubmatch(body)
	if len(m) < 2 {
		return 0, false
	}
	n, err := strconv.Atoi(m[1])
	return n, err == nil
}

// Check refuses what cannot be asked.
func (a *App) Check() error {
	if a.Counter != nil && a.Counter.NumSubexp() < 1 {
		return fmt.Errorf("the counter %q has no group: put the number into ( )", a.Counter)
	}
	if a.sets() && a.Counter == nil {
		return fmt.Errorf("the change %q writes a number, and nothing says where the page shows it", a.Change)
	}
	return nil
}

// sessionExample is the servlet of Tomcat's packaged examples: it shows the
// attributes of the session, and sets one that a query names.
var sessionExample = sync.OnceValue(func() App {
	return App{
		name: "Tomcat's SessionExample", Change: "dataname=muster&datavalue={n}",
		Counter: regexp.MustCompile(`(?m)^muster = (\d+)`),
	}
})

// recognize finds out what page this is. pages are answers to requests of one
// session that followed each other, the first of them the one that made it.
func recognize(pages []page) App {
	if body := pages[0].Body; strings.Contains(body, "name=dataname") && strings.Contains(body, "name=datavalue") {
		return sessionExample()
	}
	if re := findCounter(pages[1:]); re != nil {
		return App{name: "a page with a counter", Counter: re, visits: true}
	}
	return App{name: "a page that keeps a session"}
}

var number = lazyregexp.New(`\d+`)

// findCounter finds a number that each request makes one more, by what stands
// before it: the smallest one, since others may be times.
func findCounter(pages []page) *regexp.Regexp {
	if len(pages) < 3 {
		return nil
	}
	found := make([][][]int, len(pages))
	for i, p := range pages {
		found[i] = number().FindAllStringIndex(p.Body, 1000)
		if len(found[i]) != len(found[0]) {
			return nil
		}
	}
	var best *regexp.Regexp
	smallest := 0
	for k := range found[0] {
		first, ok := counts(pages, found, k)
		if !ok || best != nil && first >= smallest {
			continue
		}
		re, err := anchored(pages[0].Body, found[0][k])
		if err != nil {
			continue // text that is no UTF-8
		}
		if at := re.FindStringSubmatchIndex(pages[0].Body); at != nil && at[2] == found[0][k][0] {
			best, smallest = re, first
		}
	}
	return best
}

// counts reports whether number k goes up by one from page to page.
func counts(pages []page, found [][][]int, k int) (first int, ok bool) {
	for i, p := range pages {
		n, err := strconv.Atoi(p.Body[found[i][k][0]:found[i][k][1]])
		if i == 0 {
			first = n
		}
		if err != nil || n != first+i {
			return 0, false
		}
	}
	return first, true
}

// anchored matches a number by the words before it, whose own numbers may change.
func anchored(body string, at []int) (*regexp.Regexp, error) {
	const most = 40
	before := body[max(0, at[0]-most):at[0]]
	if nl := strings.LastIndexByte(before, '\n'); nl >= 0 && nl < len(before)-1 {
		before = before[nl:]
	}
	parts := number().Split(before, -1)
	for i := range parts {
		parts[i] = regexp.QuoteMeta(parts[i])
	}
	return regexp.Compile(strings.Join(parts, `\d+`) + `(\d+)`)
}
